import { toolCallParser } from '../../../engine/prompt/tool-calls.ts'
import type { ToolCallFormat } from '../../../engine/prompt/tool-format/types.ts'
import type { Tool } from '../../../engine/types.ts'
import { generator } from '../../helpers/random-weights.ts'

export interface PlainCall {
  name: string
  arguments: Record<string, unknown>
}

const tool = (name: string, properties: Record<string, unknown>, required: string[] = []): Tool => ({
  type: 'function',
  function: {
    name,
    description: 'd',
    parameters: { type: 'object', properties, required, additionalProperties: false },
  },
})

/** Tools whose names begin alike, with arguments of every kind. */
export const TOOLS: readonly Tool[] = [
  tool('get_weather', {
    city: { type: 'string' },
    code: { type: 'string' },
    count: { type: 'integer' },
    flag: { type: 'boolean' },
    ratio: { type: 'number' },
    unit: { enum: ['celsius', 'kelvin'] },
    options: { type: 'object' },
    tags: { type: 'array', items: { type: 'string' } },
  }),
  tool('get', { a: { type: 'integer' } }, ['a']),
  tool('ping', {}),
]

export const CODE = `def f(a="x"):\n\treturn {'k': [1, 2], "q": a}\n\n# </div> & <b> it's \\n raw; if a < b and c > d:`

/** Calls of every difficulty. */
export const CALLS = {
  plain: [
    { name: 'get_weather', arguments: { city: 'Paris', count: -3, flag: true, ratio: 2.5, unit: 'kelvin' } },
  ],
  nested: [
    {
      name: 'get_weather',
      arguments: {
        city: 'Zürich “東京” 😀',
        options: { a: [1, 2.5, { b: false }], c: { d: 'e } ]' } },
        tags: ['x', 'y "z" ]'],
      },
    },
  ],
  odd: [{ name: 'get_weather', arguments: { city: '', code: CODE, unit: 'celsius' } }],
  digits: [{ name: 'get_weather', arguments: { city: '12', code: '{"a": [1' } }],
  empty: [{ name: 'ping', arguments: {} }],
  two: [
    { name: 'get_weather', arguments: { city: 'Paris' } },
    { name: 'get', arguments: { a: 1 } },
  ],
} satisfies Record<string, PlainCall[]>

/** What a parser makes of a text in pieces. */
export function read(format: ToolCallFormat, chunks: readonly string[], tools: readonly Tool[] = TOOLS) {
  const parser = toolCallParser(format, tools, () => 'id')
  const pieces = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.flush()]
  return {
    text: pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join(''),
    calls: pieces.flatMap((piece) =>
      piece.kind === 'call' ? [{ name: piece.call.name, arguments: piece.call.arguments }] : [],
    ),
  }
}

/** The text whole, one character at a time, and in 100 other ways. */
export function* cuttings(text: string): Generator<string[]> {
  yield [text]
  yield [...text]
  for (let seed = 1; seed <= 100; seed++) {
    const random = generator(seed)
    const chunks: string[] = []
    for (let at = 0; at < text.length; ) {
      const next = at + 1 + Math.floor(random() ** 3 * 40)
      chunks.push(text.slice(at, next))
      at = next
    }
    yield chunks
  }
}
