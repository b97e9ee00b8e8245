/** Thoughts, calls and structured answers at once, with the bundled model behind the real routes. */
import { expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { snugTiny } from '../helpers/snug-tiny.ts'
import { NO_PULLS, NO_REGISTRIES } from '../helpers/store.ts'

interface Message {
  content: string
  thinking?: string
  tool_calls?: { function: { name: string; arguments: Record<string, unknown> } }[]
}
interface Reply {
  message: Message
  done_reason?: string
  eval_count?: number
}

async function server() {
  const { engine, models, log } = await snugTiny()
  const app = buildApp(
    { emulatedVersion: '0.33.0' },
    { engine, models, registries: NO_REGISTRIES, pulls: NO_PULLS, logger: log },
  )
  onTestFinished(() => app.close())
  /** The reply, put together from its lines when it was streamed. */
  return async (body: object): Promise<Reply> => {
    const payload = { model: 'snug-tiny', ...body }
    const reply = await app.inject({ method: 'POST', url: '/api/chat', payload })
    const lines = reply.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Reply)
    const all = (key: 'content' | 'thinking') => lines.map(({ message }) => message[key] ?? '').join('')
    // Every call has an id of its own.
    const calls = lines
      .flatMap(({ message }) => message.tool_calls ?? [])
      .map(({ function: { name, arguments: given } }) => ({ function: { name, arguments: given } }))
    return {
      ...lines.at(-1),
      message: { content: all('content'), thinking: all('thinking'), tool_calls: calls },
    }
  }
}

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the current weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const SCHEMA = {
  type: 'object',
  properties: { answer: { type: 'string', maxLength: 40 } },
  required: ['answer'],
  additionalProperties: false,
}
const flags = [false, true]
const COMBINATIONS = flags.flatMap((think) =>
  flags.flatMap((hasTools) => flags.map((hasFormat) => ({ think, hasTools, hasFormat }))),
)

test.each(COMBINATIONS)(
  'streamed or not, the answer is the same and each part is where it belongs: %j',
  async ({ think, hasTools, hasFormat }) => {
    const ask = await server()
    const body = {
      messages: [
        {
          role: 'user',
          content: hasTools ? 'What is the weather in Paris?' : 'What is the capital of France?',
        },
      ],
      think,
      ...(hasTools ? { tools: [WEATHER] } : {}),
      ...(hasFormat ? { format: SCHEMA } : {}),
      options: { temperature: 0, num_predict: 300 },
    }
    const { message, done_reason } = await ask({ ...body, stream: false })
    expect((await ask({ ...body, stream: true })).message).toEqual(message)
    expect(done_reason).toBe('stop')
    expect(message.thinking !== '').toBe(think)
    expect(message.thinking + message.content).not.toMatch(/<\/?(think|tool_call)>/)
    const calls = message.tool_calls ?? []
    if (!hasTools) expect(calls).toEqual([])
    for (const call of calls) {
      expect(call.function).toMatchObject({ name: 'get_weather', arguments: { city: expect.any(String) } })
    }
    if (hasFormat && calls.length === 0) expect(Object.keys(JSON.parse(message.content))).toEqual(['answer'])
    expect(calls.length + message.content.length).toBeGreaterThan(0)
  },
)

test('a thought that has had its tokens is closed, and the answer follows', async () => {
  const ask = await server()
  const body = { messages: [{ role: 'user', content: 'What is the capital of France?' }], think: true }
  const limited = (budget: number) =>
    ask({ ...body, options: { temperature: 0, num_predict: 300, thinking_budget: budget } })
  const free = await limited(-1)
  const short = await limited(3)
  expect(short.message.thinking).not.toBe('')
  expect(free.message.thinking?.startsWith(short.message.thinking ?? '')).toBe(true)
  expect(short.message.thinking?.length).toBeLessThan(free.message.thinking?.length ?? 0)
  expect(short.message.content).toContain('Paris')
  const none = await limited(0)
  expect(none.message).toMatchObject({ thinking: '', content: expect.stringContaining('Paris') })
})

test('a thought is closed in time before an answer with a schema', async () => {
  const ask = await server()
  const { message } = await ask({
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    think: true,
    format: SCHEMA,
    options: { temperature: 0, num_predict: 300, thinking_budget: 3 },
  })
  expect(message.thinking).not.toBe('')
  expect(Object.keys(JSON.parse(message.content))).toEqual(['answer'])
})
