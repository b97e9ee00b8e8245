import { describe, expect, test } from 'vitest'
import { chunk, says } from '../../helpers/openai-server.ts'
import { far } from './far.ts'
import { lines, user, W } from './serve.ts'

const ASKED = { model: 'far', messages: [user('hi')] }

const call = (index: number, fields: object) => chunk({ tool_calls: [{ index, ...fields }] })
const named = (index: number, id: string, name: string) =>
  call(index, { id, type: 'function', function: { name, arguments: '' } })
const piece = (index: number, text: string) => call(index, { function: { arguments: text } })

describe('ollama 96: an engine that parses tool calls itself', () => {
  test('ollama 96: argument deltas become whole calls before the end, and done_reason stop', async () => {
    const paris = [...'{"city":"Paris \\u00e9 😀"}'].map((text) => piece(0, text))
    const rome = [...'{"city":"Rome","days":[1,2]}'].map((text) => piece(1, text))
    const inTurns = paris.flatMap((first, i) => [first, rome[i] ?? piece(1, '')])
    const { chat } = await far(
      says(
        named(0, 'call_a', 'get_weather'),
        named(1, 'call_b', 'get_weather'),
        ...inTurns,
        ...rome.slice(paris.length),
        chunk({}, 'tool_calls'),
      ),
    )
    const streamed = lines(await chat({ ...ASKED, tools: [W], stream: true }))
    expect(streamed.flatMap(({ message }) => message.tool_calls ?? [])).toEqual([
      { id: 'call_a', function: { index: 0, name: 'get_weather', arguments: { city: 'Paris é 😀' } } },
      {
        id: 'call_b',
        function: { index: 1, name: 'get_weather', arguments: { city: 'Rome', days: [1, 2] } },
      },
    ])
    expect(streamed.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
    expect(streamed.slice(0, -1).every(({ done }) => done === false)).toBe(true)
  })

  test.each(['{"city":', '[1]', '"Paris"', 'Paris', '{"city":"Paris"}}'])(
    'ollama 96: arguments %s are an error',
    async (text) => {
      const reply = says(named(0, 'a', 'get_weather'), piece(0, text), chunk({}, 'tool_calls'))
      const { chat } = await far(reply)
      const { status, body } = await chat({ ...ASKED, tools: [W] })
      expect([status, body]).toEqual([500, { error: 'invalid tool call arguments for "get_weather"' }])
      const streamed = await chat({ ...ASKED, tools: [W], stream: true })
      expect([streamed.status, streamed.body]).toEqual([status, body])
    },
  )

  test('whole calls, calls without ids or numbers, and arguments that are objects are understood', async () => {
    const { chat } = await far(
      says(
        chunk({ tool_calls: [{ function: { name: 'a', arguments: { x: 1 } } }] }),
        call(1, { id: 'one', function: { name: 'b', arguments: '{"y":2}' } }),
        call(1, { id: 'two', function: { name: 'c' } }),
        chunk({}, 'stop'),
      ),
    )
    const { tool_calls } = (await chat({ ...ASKED, tools: [W] })).body.message
    expect(tool_calls).toMatchObject([
      {
        id: expect.stringMatching(/^call_[a-z0-9]{8}$/),
        function: { index: 0, name: 'a', arguments: { x: 1 } },
      },
      { id: 'one', function: { index: 1, name: 'b', arguments: { y: 2 } } },
      { id: 'two', function: { index: 2, name: 'c', arguments: {} } },
    ])
  })

  test('a call that the longest answer cut off is not made', async () => {
    const { chat } = await far(
      says(
        named(0, 'a', 'first'),
        piece(0, '{}'),
        named(1, 'b', 'second'),
        piece(1, '{"x":'),
        chunk({}, 'length'),
      ),
    )
    const { body } = await chat({ ...ASKED, tools: [W] })
    expect(body).toMatchObject({ done_reason: 'length', message: { tool_calls: [{ id: 'a' }] } })
    expect(body.message.tool_calls).toHaveLength(1)
  })

  test.each([
    [
      'too many calls',
      Array.from({ length: 129 }, (_, i) => named(i, `c${i}`, 'f')),
      'more than 128 tool calls',
    ],
    [
      'too much of them',
      [named(0, 'a', 'f'), piece(0, ' '.repeat(1_500_000)), piece(0, ' '.repeat(1_500_000))],
      'more than 2097152 characters of tool calls',
    ],
  ])('%s are an error', async (_, events, detail) => {
    const { chat } = await far(says(...events, chunk({}, 'tool_calls')))
    const { status, body } = await chat({ ...ASKED, tools: [W] })
    expect([status, body]).toEqual([
      500,
      { error: `an error was encountered while running the model: ${detail}` },
    ])
  })
})
