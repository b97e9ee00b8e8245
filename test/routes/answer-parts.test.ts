/**
 * Thoughts, calls and structured answers in every combination, in both dialects, whole and streamed: whatever the
 * pieces in which a model's text arrives, each part is where it belongs and no tag shows.
 */
import { expect, test } from 'vitest'
import { cuttings } from '../engine/prompt/call-round-trip.ts'
import { HERMES } from '../engine/prompt/templates.ts'
import { testApp } from '../helpers/app.ts'
import { framesOf } from './openai/hand-made.ts'

interface Parts {
  thinking: string
  content: string
  calls: { name: string; arguments: unknown }[]
}

const tool = (name: string, properties: object = {}) => ({
  type: 'function',
  function: { name, description: 'd', parameters: { type: 'object', properties } },
})
const TOOLS = [tool('get_weather', { city: { type: 'string' } }), tool('ping')]
const SCHEMA = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
  additionalProperties: false,
}

/** Thoughts and answers speak of tags, too, and break off in the middle of some. */
const THOUGHT = 'Call <tool_call>{"name": "ping", "arguments": {}}</tool_call>?\n\n3 < 4, </thin, <tool_ 🦊'
const TEXT = 'Is 3 < 4? </tool_call> is a tag, as is <tool_call> or <tool_c 🦊'
const STRUCTURED = '{"answer": "<tool_call> {\\"name\\": \\"rm\\"} </tool_call> 🦊 <tool_"}'
const CALLS: Parts['calls'] = [
  { name: 'get_weather', arguments: { city: 'Zü}rich </tool_call> "<think>" 🦊' } },
  { name: 'ping', arguments: {} },
]
const callText = CALLS.map((call) => `<tool_call>\n${JSON.stringify(call)}\n</tool_call>`).join('\n')

interface Combination {
  think: boolean
  hasTools: boolean
  hasSchema: boolean
}

/** What a model may say where these things are wanted, and what of it is what. */
function* answersTo({ think, hasTools, hasSchema }: Combination): Generator<{ said: string; parts: Parts }> {
  const thought = think ? `<think>\n${THOUGHT}</think>\n\n` : ''
  const thinking = think ? THOUGHT : ''
  const content = hasSchema ? STRUCTURED : TEXT
  yield { said: thought + content, parts: { thinking, content, calls: [] } }
  if (hasTools) yield { said: thought + callText, parts: { thinking, content: '', calls: CALLS } }
  if (hasTools && !hasSchema)
    yield { said: `${thought}${TEXT}\n${callText}`, parts: { thinking, content: TEXT, calls: CALLS } }
  // Nobody asked for these: they are text.
  if (!hasTools && !hasSchema)
    yield { said: thought + callText, parts: { thinking, content: callText, calls: [] } }
}

interface Dialect {
  url: string
  body(combination: Combination): object
  /** Put together from the lines or chunks where there are several. */
  partsOf(body: string): Parts
}

const MESSAGES = [{ role: 'user', content: 'q' }]

const DIALECTS: Record<string, Dialect> = {
  ollama: {
    url: '/api/chat',
    body: ({ think, hasTools, hasSchema }) => ({
      think,
      ...(hasTools ? { tools: TOOLS } : {}),
      ...(hasSchema ? { format: SCHEMA } : {}),
    }),
    partsOf(body) {
      const messages = body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).message)
      return {
        thinking: messages.map(({ thinking = '' }) => thinking).join(''),
        content: messages.map(({ content }) => content).join(''),
        calls: messages
          .flatMap(({ tool_calls = [] }) => tool_calls)
          .map(({ function: call }) => ({ name: call.name, arguments: call.arguments })),
      }
    },
  },
  openai: {
    url: '/v1/chat/completions',
    body: ({ think, hasTools, hasSchema }) => ({
      reasoning_effort: think ? 'medium' : 'none',
      ...(hasTools ? { tools: TOOLS } : {}),
      ...(hasSchema
        ? { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: SCHEMA } } }
        : {}),
    }),
    partsOf(body) {
      const objects = body.startsWith('{')
        ? [JSON.parse(body)]
        : framesOf(body).filter((frame) => frame !== '[DONE]')
      const messages = objects.flatMap(({ choices }) => choices).map(({ message, delta }) => message ?? delta)
      const calls: { name: string; text: string }[] = []
      for (const [at, piece] of messages.flatMap(({ tool_calls = [] }) => tool_calls).entries()) {
        const { index = at, function: call } = piece
        calls[index] ??= { name: call.name, text: '' }
        calls[index].text += call.arguments
      }
      return {
        thinking: messages.map(({ reasoning_content = '' }) => reasoning_content).join(''),
        content: messages.map(({ content }) => content ?? '').join(''),
        calls: calls.map(({ name, text }) => ({ name, arguments: JSON.parse(text) })),
      }
    },
  },
}

/** The text whole, one character at a time, and in 16 other ways. */
const waysOf = (text: string): string[][] => [...cuttings(text)].slice(0, 18)

const flags = [false, true]
const COMBINATIONS = flags.flatMap((stream) =>
  flags.flatMap((think) =>
    flags.flatMap((hasTools) => flags.map((hasSchema) => ({ stream, think, hasTools, hasSchema }))),
  ),
)

test.each(COMBINATIONS)('no tag leaks and nothing is lost, however the answer is cut: %j', async (wanted) => {
  const answers = [...answersTo(wanted)].flatMap(({ said, parts }) =>
    waysOf(said).map((chunks) => ({ chunks, parts })),
  )
  for (const [name, { url, body, partsOf }] of Object.entries(DIALECTS)) {
    const { app } = await testApp({
      models: [{ from: 'jinja', as: 'all', chatTemplate: HERMES }],
      script: { answers: answers.map(({ chunks }) => ({ steps: chunks })) },
    })
    for (const { parts } of answers) {
      const payload = { model: 'all', messages: MESSAGES, stream: wanted.stream, ...body(wanted) }
      const reply = await app.inject({ method: 'POST', url, payload })
      expect({ [name]: partsOf(reply.body) }).toEqual({ [name]: parts })
    }
  }
})
