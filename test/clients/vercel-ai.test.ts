import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { jsonSchema, type LanguageModel, streamText, type ToolSet, tool } from 'ai'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../../engine/errors.ts'
import { type TestAppOptions, testApp } from '../helpers/app.ts'
import type { Step } from '../helpers/scripted-backend.ts'
import { fails, handMade, text } from '../routes/openai/hand-made.ts'

type Provider = (url: string, model: string) => LanguageModel

/** Both ways to speak chat/completions that the SDK has. */
const PROVIDERS: readonly (readonly [string, Provider])[] = [
  ['compatible', (url, model) => createOpenAICompatible({ name: 'snug', baseURL: `${url}/v1` })(model)],
  ['openai', (url, model) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'unused' }).chat(model)],
]

const TOOLS: ToolSet = {
  get_weather: tool({
    description: 'The weather of a city',
    inputSchema: jsonSchema<{ city?: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
  }),
}
const callText = (args: object) =>
  `<tool_call>\n${JSON.stringify({ name: 'get_weather', arguments: args })}\n</tool_call>`

const answers = (...steps: Step[]): TestAppOptions => ({ script: { answers: [{ steps }] } })

/** A stream, read to its end. */
async function read(model: LanguageModel, tools?: ToolSet) {
  const errors: unknown[] = []
  const result = streamText({
    model,
    prompt: 'hi',
    maxRetries: 0,
    ...(tools && { tools }),
    onError: ({ error }) => void errors.push(error),
  })
  await result.consumeStream()
  return { result, errors }
}

describe.each(PROVIDERS)('with the %s provider', (_, provider) => {
  const ask = async (options: TestAppOptions, model: string, tools?: ToolSet) =>
    read(provider(await (await testApp(options)).url(), model), tools)

  test('openai 88: text is streamed to its end', async () => {
    const { result, errors } = await ask(answers('Hel', 'lo'), 'tiny')
    expect(errors).toEqual([])
    expect(await result.text).toBe('Hello')
    expect(await result.finishReason).toBe('stop')
  })

  test('openai 88: an empty answer and one that is cut off are told apart', async () => {
    const empty = await ask(answers(), 'tiny')
    expect(empty.errors).toEqual([])
    expect(await empty.result.finishReason).toBe('stop')
    const cut = await ask({ script: { answers: [{ steps: ['a'], reason: 'length' }] } }, 'tiny')
    expect(cut.errors).toEqual([])
    expect(await cut.result.finishReason).toBe('length')
  })

  test('openai 76: a call is put together', async () => {
    const { result, errors } = await ask(answers(callText({ city: 'Paris' })), 'tool', TOOLS)
    expect(errors).toEqual([])
    expect((await result.toolCalls).map(({ input }) => input)).toEqual([{ city: 'Paris' }])
    expect(await result.finishReason).toBe('tool-calls')
  })

  test('openai 88: two calls, one without arguments, stay apart behind text', async () => {
    const steps = ['Well. ', callText({ city: 'Rome' }), callText({})]
    const { result, errors } = await ask(answers(...steps), 'tool', TOOLS)
    expect(errors).toEqual([])
    expect((await result.toolCalls).map(({ input }) => input)).toEqual([{ city: 'Rome' }, {}])
    expect((await result.text).trim()).toBe('Well.')
  })

  test('openai 86: a failure in mid-stream is reported with its message', async () => {
    const run = fails(new EngineError('runner_died', 'the runner is gone'), { type: 'started' }, text('a'))
    const { errors } = await read(provider(await handMade(run).url(), 'tiny'))
    expect(JSON.stringify(errors.map(String)) + JSON.stringify(errors)).toContain('the runner is gone')
  })
})

test('openai 80: thoughts are reasoning', async () => {
  const server = await testApp(answers('<think>', 'h', 'm', '</think>', '4'))
  const model = createOpenAICompatible({ name: 'snug', baseURL: `${await server.url()}/v1` })('think')
  const { result, errors } = await read(model)
  expect(errors).toEqual([])
  expect(await result.reasoningText).toBe('hm')
  expect(await result.text).toBe('4')
})
