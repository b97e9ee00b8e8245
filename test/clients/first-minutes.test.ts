/** A newcomer's first minutes: the bundled model, the built server, plain HTTP and the two official clients. */
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { server } from '../src/spawned.ts'

const QUESTION = 'What is the capital of France?'
const MESSAGES = [{ role: 'user' as const, content: QUESTION }]
const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'Get the weather in a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', description: 'The name of the city' } },
      required: ['city'],
    },
  },
}

test('the built server answers a newcomer through three doors, streaming and not', async () => {
  const { url } = await server()

  const reply = await fetch(`${url}/api/generate`, {
    method: 'POST',
    // What `curl -d` sends.
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: JSON.stringify({ model: 'snug-tiny', prompt: QUESTION }),
  })
  const lines = (await reply.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.length).toBeGreaterThan(3)
  expect(lines.map((line) => line.response).join('')).toContain('Paris')
  expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })

  const ollama = new Ollama({ host: url })
  const greedy = { temperature: 0 }
  const whole = await ollama.chat({ model: 'snug-tiny', messages: MESSAGES, options: greedy })
  expect(whole.message.content).toContain('Paris')
  expect(whole.message.thinking).toBeTruthy()
  let streamed = ''
  for await (const part of await ollama.chat({
    model: 'snug-tiny',
    messages: MESSAGES,
    options: greedy,
    stream: true,
  })) {
    streamed += part.message.content
  }
  expect(streamed).toBe(whole.message.content)
  const [quiet] = [
    await ollama.chat({ model: 'snug-tiny', messages: MESSAGES, options: greedy, think: false }),
  ]
  expect(quiet.message.content).toContain('Paris')
  expect(quiet.message.thinking).toBeUndefined()

  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' })
  const ask = { model: 'snug-tiny', messages: MESSAGES, temperature: 0 }
  const completion = await openai.chat.completions.create(ask)
  expect(completion.choices[0]?.message.content).toContain('Paris')
  const final = await openai.chat.completions.stream(ask).finalChatCompletion()
  expect(final.choices[0]?.message.content).toBe(completion.choices[0]?.message.content)
})

test('the bundled model is asked for a tool by both clients and forced into a schema', async () => {
  const { url } = await server()
  const messages = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }]
  const ollama = new Ollama({ host: url })
  const { message } = await ollama.chat({
    model: 'snug-tiny',
    messages,
    tools: [WEATHER],
    options: { temperature: 0 },
  })
  expect(message.tool_calls?.[0]?.function).toMatchObject({
    name: 'get_weather',
    arguments: { city: 'Oslo' },
  })

  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' })
  const ask = { model: 'snug-tiny', messages, tools: [WEATHER], temperature: 0 }
  const { choices } = await openai.chat.completions.create({ ...ask, tool_choice: 'required' })
  const [call] = choices[0]?.message.tool_calls ?? []
  expect(choices[0]?.finish_reason).toBe('tool_calls')
  expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toHaveProperty('city')

  const format = {
    type: 'object',
    properties: { capital: { type: 'string', maxLength: 20 }, known: { type: 'boolean' } },
    required: ['capital', 'known'],
    additionalProperties: false,
  }
  const formed = await ollama.chat({ model: 'snug-tiny', messages: MESSAGES, format, think: false })
  expect(Object.keys(JSON.parse(formed.message.content)).toSorted()).toEqual(['capital', 'known'])
})
