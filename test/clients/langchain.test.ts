/** LangChain: the whole server with the model that comes with it, and scripted answers where a case needs its own. */
import { HumanMessage, type ToolMessage } from '@langchain/core/messages'
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
    const embeddings = new OllamaEmbeddings({ baseUrl: url, model: 'snug-tiny', maxRetries: 0 })
    const one = await embeddings.embedQuery('a red apple')
    const [first, second] = await embeddings.embedDocuments(['a red apple', 'October'])
    expect([one.length, second?.length]).toEqual([256, 256])
    expect(first).toHaveLength(256)
  })

  test('ollama 174: ChatOllama calls a tool and answers with what it said', async () => {
    const { url } = await server()
    const llm = chat(url).bindTools([weather])
    const question = new HumanMessage('What is the weather in Oslo?')
    const called = await llm.invoke([question])
    const [call] = called.tool_calls ?? []
    expect(call).toMatchObject({ name: 'get_weather', args: { city: 'Oslo' } })
    const result: ToolMessage = await weather.invoke({ ...call, type: 'tool_call' } as never)
    expect(result.content).toBe('Sunny in Oslo, 20 degrees')
    const answered = await llm.invoke([question, called, result])
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
})
