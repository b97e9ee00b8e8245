/** LangChain: the whole server with the model that comes with it, and scripted answers where a case needs its own. */
import { HumanMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOllama, type ChatOllamaInput, OllamaEmbeddings } from '@langchain/ollama'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type TestAppOptions, testApp } from '../helpers/app.ts'
import type { Step } from '../helpers/scripted-backend.ts'
import { server } from '../src/spawned.ts'

const QUESTION = 'What is the capital of France?'
const weather = tool(({ city }) => `Sunny in ${city}, 20 degrees`, {
  name: 'get_weather',
  description: 'Get the weather in a city',
  schema: z.object({ city: z.string().describe('The name of the city') }),
})
const Answer = z.object({ capital: z.string().max(20), known: z.boolean() })

const chat = (baseUrl: string, more: Partial<ChatOllamaInput> = {}) =>
  new ChatOllama({ baseUrl, model: 'snug-tiny', temperature: 0, maxRetries: 0, ...more })

const scripted = async (model: string, ...steps: Step[]) => {
  const options: TestAppOptions = { script: { answers: [{ steps }] }, models: ['tiny', 'tool', 'think'] }
  const app = await testApp(options)
  return { ...app, llm: chat(await app.url(), { model }) }
}
const callText = (city: string) =>
  `<tool_call>\n${JSON.stringify({ name: 'get_weather', arguments: { city } })}\n</tool_call>`

describe('with the bundled model', () => {
  test('ollama 174: ChatOllama answers, at once and piece by piece', async () => {
    const { url } = await server()
    const llm = chat(url)
    const whole = await llm.invoke(QUESTION)
    expect(whole.content).toContain('Paris')
    expect(whole.response_metadata).toMatchObject({ model: 'snug-tiny', done_reason: 'stop' })
    expect(whole.usage_metadata?.output_tokens).toBeGreaterThan(3)
    const pieces: string[] = []
    for await (const { text } of await llm.stream(QUESTION)) pieces.push(text)
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.join('')).toBe(whole.content)
  })

  test('ollama 174: ChatOllama calls a tool and answers with what it said', async () => {
    const { url } = await server()
    const llm = chat(url).bindTools([weather])
    const question = new HumanMessage('What is the weather in Oslo?')
    const called = await llm.invoke([question])
    const [call] = called.tool_calls ?? []
    expect(call).toMatchObject({ name: 'get_weather', args: { city: 'Oslo' } })
    const results = await Promise.all(
      (called.tool_calls ?? []).map((one) => weather.invoke({ ...one, type: 'tool_call' as const })),
    )
    expect(results.map(({ content }) => content)).toEqual(['Sunny in Oslo, 20 degrees'])
    const answered = await llm.invoke([question, called, ...results])
    expect(answered.tool_calls).toEqual([])
    expect(answered.content).toContain('Oslo')
  })

  test('ollama 174: withStructuredOutput gives the object of a schema, by format and by a tool', async () => {
    const { url } = await server()
    const llm = chat(url, { think: false })
    const formed = await llm.withStructuredOutput(Answer, { method: 'jsonSchema' }).invoke(QUESTION)
    expect(Answer.parse(formed)).toEqual(formed)
    const Weather = z.object({ city: z.string() })
    const called = await llm
      .withStructuredOutput(Weather, { method: 'functionCalling', name: 'get_weather' })
      .invoke('What is the weather in Oslo?')
    expect(called).toEqual({ city: 'Oslo' })
  })

  test('ollama 174: OllamaEmbeddings embeds a query and documents alike', async () => {
    const { url } = await server()
    const embeddings = new OllamaEmbeddings({ baseUrl: url, model: 'snug-tiny', maxRetries: 0 })
    const query = await embeddings.embedQuery('a red apple')
    const [same = [], other = []] = await embeddings.embedDocuments(['a red apple', 'October'])
    const cosine = (vector: number[]) => vector.reduce((sum, value, i) => sum + value * (query[i] ?? 0), 0)
    expect([query.length, other.length]).toEqual([256, 256])
    expect(cosine(same)).toBeCloseTo(1, 3)
    expect(cosine(other)).toBeLessThan(0.99)
  })
})

describe('with answers that are given', () => {
  test('ollama 174: ChatOllama keeps two calls of one answer apart', async () => {
    const { llm } = await scripted('tool', callText('Oslo'), callText('Rome'))
    const { tool_calls, invalid_tool_calls } = await llm.bindTools([weather]).invoke('hi')
    expect(tool_calls?.map(({ args }) => args)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }])
    expect(invalid_tool_calls).toEqual([])
  })

  test('ollama 174: ChatOllama gets thoughts apart from the answer', async () => {
    const { llm } = await scripted('think', '<think>', 'hm', '</think>', '4')
    const { content, additional_kwargs } = await llm.invoke('2 + 2?')
    expect([content, additional_kwargs.reasoning_content]).toEqual(['4', 'hm'])
  })

  test('ollama 174: a signal that is aborted stops generation', async () => {
    // LangChain looks at its signal between the pieces of an answer.
    const steps: Step[] = Array.from({ length: 10_000 }, () => [{ waitMs: 5 }, 'x']).flat()
    const { llm, backend, app } = await scripted('tiny', ...steps)
    // After an abort, fetch opens a spare connection that never carries a request.
    onTestFinished(() => app.server.closeAllConnections())
    const aborter = new AbortController()
    const reading = (async () => {
      for await (const _piece of await llm.stream('hi', { signal: aborter.signal })) aborter.abort()
    })()
    await expect(reading).rejects.toThrow(/abort/i)
    await expect.poll(() => backend.endings, { timeout: 10_000 }).toEqual(['aborted'])
  })

  test('ollama 174: a model that is not installed is an error with its name', async () => {
    const { llm } = await scripted('nope')
    await expect(llm.invoke('hi')).rejects.toMatchObject({
      status_code: 404,
      error: "model 'nope' not found",
    })
  })
})
