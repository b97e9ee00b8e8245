import { describe, expect, test } from 'vitest'
import { readBody } from '../../../routes/ollama/body.ts'
import { ChatRequest } from '../../../routes/ollama/chat.ts'
import { GenerateRequest } from '../../../routes/ollama/generate.ts'

const generate = (body: unknown) => readBody(GenerateRequest, JSON.stringify(body))
const chat = (body: unknown) => readBody(ChatRequest, JSON.stringify(body))

test('an empty object has the zero value of every field, and streams', () => {
  expect(generate({})).toEqual({
    model: '',
    prompt: '',
    suffix: '',
    system: '',
    template: '',
    context: [],
    images: [],
    raw: false,
    stream: true,
    truncate: true,
    logprobs: false,
    _debug_render_only: false,
  })
})

test('null means absent in every field', () => {
  const nulls = Object.fromEntries(Object.keys(GenerateRequest.shape).map((key) => [key, null]))
  const { format, ...read } = generate(nulls)
  expect(read).toEqual(generate({}))
  expect(format).toBeNull()
})

test('null means absent inside messages, calls and tools too', () => {
  const body = {
    messages: [
      null,
      { role: 'user', content: null, images: null, tool_calls: null, thinking: null, tool_name: null },
      { role: 'assistant', tool_calls: [null, { id: null, function: { name: 'f', arguments: null } }] },
    ],
    tools: [null, { type: 'function', items: null, function: { name: 'f', description: null } }],
  }
  const { messages, tools } = chat(body)
  expect(messages).toHaveLength(2)
  expect(messages[0]).toMatchObject({ role: 'user', content: '', images: [], tool_calls: [] })
  expect(tools).toEqual([{ type: 'function', function: { name: 'f' } }])
})

test('the exact key wins over one in another case', () => {
  expect(generate({ MODEL: 'b', model: 'a' }).model).toBe('a')
  expect(generate({ model: 'a', Model: 'b' }).model).toBe('a')
  expect(generate({ Keep_Alive: 5 }).keep_alive).toBe(5000)
})

test('keys nobody knows are ignored, the names of object methods among them', () => {
  expect(generate({ width: 5, constructor: 1, toString: 'x', hasOwnProperty: 1 })).toEqual(generate({}))
})

describe('a value of the wrong type is refused in the words of Go', () => {
  const field = 'json: cannot unmarshal'
  test.each([
    [{ model: 1 }, `${field} number into Go struct field GenerateRequest.model of type string`],
    [{ model: ['a'] }, `${field} array into Go struct field GenerateRequest.model of type string`],
    [{ prompt: {} }, `${field} object into Go struct field GenerateRequest.prompt of type string`],
    [{ raw: 'x' }, `${field} string into Go struct field GenerateRequest.raw of type bool`],
    [{ stream: 1 }, `${field} number into Go struct field GenerateRequest.stream of type bool`],
    [{ context: [1.5] }, `${field} number 1.5 into Go struct field GenerateRequest.context of type int`],
    [{ context: true }, `${field} bool into Go struct field GenerateRequest.context of type []int`],
    [
      { top_logprobs: 1.5 },
      `${field} number 1.5 into Go struct field GenerateRequest.top_logprobs of type int`,
    ],
    [{ context: [1e300] }, `${field} number 1e+300 into Go struct field GenerateRequest.context of type int`],
    [
      { options: [] },
      `${field} array into Go struct field GenerateRequest.options of type map[string]interface {}`,
    ],
    [[], `${field} array into Go value of type api.GenerateRequest`],
    ['x', `${field} string into Go value of type api.GenerateRequest`],
  ])('%j', (body, message) => {
    expect(() => generate(body)).toThrow(expect.objectContaining({ status: 400, message }))
  })

  test.each([
    [
      { messages: [{}, { content: 1 }] },
      `${field} number into Go struct field ChatRequest.messages.content of type string`,
    ],
    [{ messages: ['x'] }, `${field} string into Go struct field ChatRequest.messages of type api.Message`],
    [
      { tools: [{ function: [] }] },
      `${field} array into Go struct field ChatRequest.tools.function of type api.ToolFunction`,
    ],
    [
      { tools: [{ function: { parameters: { type: 5 } } }] },
      `${field} number into Go struct field ChatRequest.tools.function.parameters.type of type string`,
    ],
  ])('%j', (body, message) => {
    expect(() => chat(body)).toThrow(expect.objectContaining({ status: 400, message }))
  })
})

test('a key that names a prototype changes nothing', () => {
  const read = readBody(GenerateRequest, '{"__proto__":{"model":"x"},"options":{"__proto__":{"a":1}}}')
  expect(read.model).toBe('')
  expect(read.options).toEqual({})
  expect(Object.getPrototypeOf(read.options)).toBe(Object.prototype)
})

test('tools keep their key order and every keyword of their schema', () => {
  const tool = {
    function: {
      parameters: {
        properties: { b: { default: null }, a: {} },
        additionalProperties: false,
        type: 'object',
      },
      name: 'f',
      strict: true,
    },
    type: 'function',
  }
  const [read] = chat({ tools: [tool] }).tools
  expect(JSON.stringify(read)).toBe(JSON.stringify(tool))
})
