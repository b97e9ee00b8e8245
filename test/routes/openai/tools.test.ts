import { expect, test } from 'vitest'
import { z } from 'zod'
import { toolFields, toToolJob } from '../../../routes/openai/tools.ts'

const Fields = z.object(toolFields)
const read = (fields: object) => toToolJob(Fields.parse(fields))

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, additionalProperties: false },
    strict: true,
  },
}
const TIME = { type: 'function', function: { name: 'get_time' } }
const named = (name: string) => ({ type: 'function', function: { name } })

test('a tool reaches the engine with everything the client wrote', () => {
  expect(read({ tools: [WEATHER] })).toEqual({
    tools: [WEATHER],
    toolChoice: 'auto',
    parallelToolCalls: true,
  })
})

test('null fields of a tool are left out', () => {
  const tool = {
    type: 'function',
    function: { name: 'f', description: null, parameters: null, strict: null },
  }
  expect(Object.keys(read({ tools: [tool] }).tools[0]?.function ?? {})).toEqual(['name'])
})

test('kinds of tools that only others can run are passed over', () => {
  const tools = [{ type: 'web_search' }, WEATHER, { type: 'custom', custom: { name: 'x' } }]
  expect(read({ tools }).tools).toEqual([WEATHER])
})

test.each([[{ tools: [] }], [{ tools: null }], [{}]])('%j offers no tools', (fields) => {
  expect(read(fields)).toEqual({ tools: [], toolChoice: 'auto', parallelToolCalls: true })
})

test('a function tool without a function is refused', () => {
  expect(Fields.safeParse({ tools: [{ type: 'function' }] }).success).toBe(false)
})

test('tool_choice none offers no tools', () => {
  expect(read({ tools: [WEATHER], tool_choice: 'none' })).toMatchObject({ tools: [], toolChoice: 'none' })
})

test('tool_choice required is passed on', () => {
  expect(read({ tools: [WEATHER], tool_choice: 'required' }).toolChoice).toBe('required')
})

test('tool_choice may name one function', () => {
  const job = read({ tools: [WEATHER, TIME], tool_choice: named('get_time') })
  expect(job).toMatchObject({ tools: [WEATHER, TIME], toolChoice: { name: 'get_time' } })
})

test.each([
  [{ tools: [WEATHER], tool_choice: named('nope') }],
  [{ tools: [WEATHER], tool_choice: allow('auto', 'nope') }],
  [{ tool_choice: 'required' }],
  [{ tools: [WEATHER], tool_choice: allow('required') }],
])('%j chooses a tool that is not there and is refused', (fields) => {
  expect(() => read(fields)).toThrow(expect.objectContaining({ status: 400, param: 'tool_choice' }))
})

test('allowed_tools offers only those', () => {
  const job = read({ tools: [WEATHER, TIME], tool_choice: allow('required', 'get_weather') })
  expect(job).toMatchObject({ tools: [WEATHER], toolChoice: 'required' })
})

test('a tool_choice of another shape is refused', () => {
  expect(Fields.safeParse({ tool_choice: 'any' }).error?.issues[0]?.message).toMatch(/'tool_choice' must be/)
})

test('parallel_tool_calls false is passed on', () => {
  expect(read({ tools: [WEATHER], parallel_tool_calls: false }).parallelToolCalls).toBe(false)
})

test('legacy functions are tools', () => {
  const job = read({ functions: [WEATHER.function], function_call: { name: 'get_weather' } })
  expect(job).toMatchObject({ tools: [WEATHER], toolChoice: { name: 'get_weather' } })
})

test('legacy function_call none offers no tools', () => {
  expect(read({ functions: [WEATHER.function], function_call: 'none' }).tools).toEqual([])
})

function allow(mode: string, ...names: string[]) {
  return { type: 'allowed_tools', allowed_tools: { mode, tools: names.map(named) } }
}
