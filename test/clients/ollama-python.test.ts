/** Ollama's Python client without Python: its requests, byte for byte, and what its models demand of the answers. */
import { describe, expect, test } from 'vitest'
import { fixtureWeights } from '../helpers/fixtures.ts'
import { bytesContent } from '../helpers/registry/content.ts'
import { startRegistry } from '../helpers/registry/server.ts'
import type { Step } from '../helpers/scripted-backend.ts'
import { openSocket } from '../helpers/socket.ts'
import { serve } from '../routes/ollama/serve.ts'
import {
  ChatResponse,
  EmbeddingsResponse,
  EmbedResponse,
  GenerateResponse,
  ListResponse,
  ProcessResponse,
  ProgressResponse,
  ShowResponse,
} from './python/ollama-models.ts'
import {
  OLLAMA_PYTHON,
  OLLAMA_PYTHON_MISSING,
  pull,
  type RecordedRequest,
  toBytes,
} from './python/ollama-requests.ts'
import { read, readLines, send } from './python/reply.ts'

async function client(options: Parameters<typeof serve>[0] = {}) {
  const server = await serve({ models: ['tiny', 'msg', 'tool', 'bert'], ...options })
  const url = await server.url()
  const ask = (request: RecordedRequest) => send(url, request)
  const names = async () =>
    read(await ask(OLLAMA_PYTHON.list), ListResponse)
      .models.map(({ model }) => model)
      .toSorted()
  return { ...server, url: () => url, ask, names }
}
const answers = (...steps: Step[]) => ({ script: { answers: [{ steps }] } })

describe('ollama 171: the requests of the Python client', () => {
  test('ollama 171: list and ps resolve, with times that Python can read', async () => {
    const { ask, names } = await client()
    expect(await names()).toEqual(['bert:latest', 'msg:latest', 'tiny:latest', 'tool:latest'])
    expect(read(await ask(OLLAMA_PYTHON.ps), ProcessResponse).models).toEqual([])
    // Kept for ever: `expires_at` lies far away, and yet in a year of four digits.
    await ask(OLLAMA_PYTHON.generateStream)
    const [loaded] = read(await ask(OLLAMA_PYTHON.ps), ProcessResponse).models
    expect(loaded).toMatchObject({ model: 'tiny:latest', context_length: 4096, size_vram: 0 })
    expect(new Date(loaded?.expires_at ?? 0).getFullYear()).toBeGreaterThan(2200)
  })

  test('ollama 171: client.show parses', async () => {
    const { ask } = await client()
    const shown = read(await ask(OLLAMA_PYTHON.show), ShowResponse)
    expect(shown.capabilities).toEqual(['completion'])
    expect(shown.model_info).toHaveProperty(['general.architecture'], 'llama')
    expect(shown.details?.family).toBe('llama')
  })

  test('ollama 171: chat resolves, at once and piece by piece', async () => {
    const { ask } = await client()
    const whole = read(await ask(OLLAMA_PYTHON.chat), ChatResponse)
    expect([whole.message.content, whole.done]).toEqual(['Hello world', true])
    const parts = readLines(await ask(OLLAMA_PYTHON.chatStream), ChatResponse)
    expect(parts.map(({ message }) => message.content)).toEqual(['Hello', ' world', ''])
    expect(parts.at(-1)?.done_reason).toBe('stop')
  })

  test('ollama 171: generate resolves, at once and piece by piece', async () => {
    const { ask } = await client()
    const whole = read(await ask(OLLAMA_PYTHON.generate), GenerateResponse)
    expect([whole.response, (whole.context ?? []).length > 0]).toEqual(['Hello world', true])
    const parts = readLines(await ask(OLLAMA_PYTHON.generateStream), GenerateResponse)
    expect(parts.map(({ response }) => response)).toEqual(['Hello', ' world', ''])
  })

  test('ollama 171: log-probabilities and a time to stay loaded are understood', async () => {
    const token = { token: 'a', bytes: [97], logprob: -1 }
    const logprobs = [{ ...token, alternatives: [token] }]
    const step: Step = { logprobs: { type: 'text', text: 'a', tokens: 1, logprobs } }
    const { ask } = await client(answers(step))
    const scored = read(await ask(OLLAMA_PYTHON.chatScored), ChatResponse)
    const plain = { token: 'a', logprob: -1 }
    expect(scored.logprobs).toEqual([{ ...plain, top_logprobs: [plain] }])
  })

  test('ollama 171: a tool is called, and its answer goes back behind the message as it came', async () => {
    const call = '<tool_call>{"name":"get_weather","arguments":{"city":"Oslo"}}</tool_call>'
    const { ask, prompts } = await client({
      script: { answers: [{ steps: [call] }, { steps: ['It is sunny.'] }] },
    })
    const called = read(await ask(OLLAMA_PYTHON.chatTools), ChatResponse)
    expect(called.message.tool_calls).toEqual([
      { function: { name: 'get_weather', arguments: { city: 'Oslo' } } },
    ])
    const answered = read(await ask(OLLAMA_PYTHON.chatToolAnswer), ChatResponse)
    expect(answered.message.content).toBe('It is sunny.')
    expect(prompts()[0]).toContain('The name of the city')
    expect(prompts()[1]).toMatch(/"name": "get_weather".*\[tool\] Sunny/s)
  })

  test('ollama 171: embed and embeddings resolve', async () => {
    const { ask } = await client()
    const lengths = async (request: RecordedRequest) =>
      read(await ask(request), EmbedResponse).embeddings.map((vector) => vector.length)
    expect(await lengths(OLLAMA_PYTHON.embed)).toEqual([4, 4])
    expect(await lengths(OLLAMA_PYTHON.embedShort)).toEqual([2])
    const { embedding } = read(await ask(OLLAMA_PYTHON.embeddings), EmbeddingsResponse)
    expect(embedding).toEqual([0.25, -0.5, 1, 2])
  })

  test('ollama 171: create resolves, at once and step by step, and what was made is shown', async () => {
    const { ask, names } = await client()
    expect(read(await ask(OLLAMA_PYTHON.create), ProgressResponse).status).toBe('success')
    const steps = readLines(await ask(OLLAMA_PYTHON.createStream), ProgressResponse)
    expect(steps.at(-1)?.status).toBe('success')
    const show = { ...OLLAMA_PYTHON.show, body: '{"model":"made2"}' }
    const shown = read(await ask(show), ShowResponse)
    expect([shown.template, shown.license]).toEqual(['{{ .Prompt }}', expect.stringContaining('BSD')])
    expect(await names()).toEqual(expect.arrayContaining(['made:latest', 'made2:latest']))
  })

  test('ollama 171: copy and delete resolve', async () => {
    const { ask, names } = await client()
    expect((await ask(OLLAMA_PYTHON.copy)).status).toBe(200)
    expect(await names()).toContain('me/copy:latest')
    expect((await ask(OLLAMA_PYTHON.delete)).status).toBe(200)
    expect(await names()).not.toContain('me/copy:latest')
  })

  test('ollama 171: pull resolves, at once and step by step', async () => {
    const registry = await startRegistry()
    registry.publish('library/new', [{ kind: 'model', content: bytesContent(fixtureWeights({})) }])
    const { ask, names } = await client()
    const model = `${registry.host}/library/new`
    const steps = readLines(await ask(pull(model, true)), ProgressResponse)
    expect(steps.at(-1)).toEqual({ status: 'success' })
    expect(steps.some(({ completed, total }) => completed === total && (total ?? 0) > 0)).toBe(true)
    expect(read(await ask(pull(model, false)), ProgressResponse)).toEqual({ status: 'success' })
    expect(await names()).toHaveLength(5)
  })

  test('ollama 171: a model is unloaded with a keep_alive of 0.0', async () => {
    const { ask } = await client()
    await ask(OLLAMA_PYTHON.generate)
    expect(read(await ask(OLLAMA_PYTHON.unload), GenerateResponse).done_reason).toBe('unload')
    await ask(OLLAMA_PYTHON.generate)
    expect(read(await ask(OLLAMA_PYTHON.unloadChat), ChatResponse).done_reason).toBe('unload')
    await expect.poll(async () => read(await ask(OLLAMA_PYTHON.ps), ProcessResponse).models).toEqual([])
  })

  test('ollama 171: ResponseError.status_code is 404 for a missing model', async () => {
    const { ask } = await client()
    for (const [call, request] of Object.entries(OLLAMA_PYTHON_MISSING)) {
      const reply = await ask(request)
      expect(reply.status, call).toBe(404)
      // `ResponseError.error` is this field, or the whole text where it is not JSON.
      expect(JSON.parse(reply.text).error, call).toMatch(/^model ['"]nope(:latest)?['"] not found/)
    }
  })

  test('ollama 171: closing the stream, which is how this client aborts, stops generation', async () => {
    const { url, backend } = await client(answers('a', { waitMs: 60_000 }, 'b'))
    const socket = await openSocket(url())
    socket.send(toBytes(OLLAMA_PYTHON.chatStream, new URL(url()).host))
    await socket.until('"content":"a"')
    socket.hangUp()
    await expect.poll(() => backend.endings, { timeout: 10_000 }).toEqual(['aborted'])
  })

  test('ollama 171: an answer may hold every character at which Python ends a line', async () => {
    const steps = ['a\u2028', 'b\u2029', 'c\x85', 'd\v\f\x1c\x1d\x1ee\r\n']
    const { ask } = await client(answers(...steps))
    const chat = readLines(await ask(OLLAMA_PYTHON.chatStream), ChatResponse)
    expect(chat.map(({ message }) => message.content).join('')).toBe(steps.join(''))
    const generated = readLines(await ask(OLLAMA_PYTHON.generateStream), GenerateResponse)
    expect(generated.map(({ response }) => response).join('')).toBe(steps.join(''))
  })

  test('ollama 171: a failure in the middle of a stream is a line with its reason', async () => {
    const { ask } = await client(answers('a', { fail: new Error('boom') }))
    const reply = await ask(OLLAMA_PYTHON.chatStream)
    expect(() => readLines(reply, ChatResponse)).toThrow(/\w/)
    expect(reply.text.trim().split('\n')).toHaveLength(2)
  })
})
