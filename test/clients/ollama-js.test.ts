import { Ollama } from 'ollama'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fixtureWeights } from '../helpers/fixtures.ts'
import { bytesContent } from '../helpers/registry/content.ts'
import { startRegistry } from '../helpers/registry/server.ts'
import type { Step } from '../helpers/scripted-backend.ts'
import { serve, user, W } from '../routes/ollama/serve.ts'

async function client(options: Parameters<typeof serve>[0] = {}) {
  const server = await serve({ models: ['tiny', 'msg', 'tool', 'think'], ...options })
  return { ...server, ollama: new Ollama({ host: await server.url() }) }
}

async function read<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

describe('ollama 170: the JavaScript client', () => {
  test('ollama 170: tells the version', async () => {
    const { ollama } = await client()
    expect((await ollama.version()).version).toMatch(/^\d+\.\d+\.\d+/)
  })

  test('ollama 170: lists what is installed and what is loaded', async () => {
    const { ollama } = await client()
    expect((await ollama.list()).models).toHaveLength(4)
    expect((await ollama.ps()).models).toEqual([])
    await ollama.generate({ model: 'tiny', prompt: '' })
    expect((await ollama.ps()).models).toMatchObject([{ name: 'tiny:latest', context_length: 4096 }])
  })

  test('ollama 170: shows a model', async () => {
    const { ollama } = await client()
    const shown = await ollama.show({ model: 'tool' })
    expect(shown.capabilities).toEqual(['completion', 'tools'])
    expect(shown.details.family).toBe('llama')
  })

  test('ollama 170: chats, at once and piece by piece', async () => {
    const { ollama } = await client()
    const whole = await ollama.chat({ model: 'msg', messages: [user('Hi')] })
    expect([whole.message.content, whole.done]).toEqual(['Hello world', true])
    const parts = await read(await ollama.chat({ model: 'msg', messages: [user('Hi')], stream: true }))
    expect(parts.map((part) => part.message.content)).toEqual(['Hello', ' world', ''])
    expect(parts.at(-1)?.done_reason).toBe('stop')
  })

  test('ollama 170: generates, at once and piece by piece', async () => {
    const { ollama } = await client()
    const whole = await ollama.generate({ model: 'tiny', prompt: 'Hi' })
    expect([whole.response, whole.context.length > 0]).toEqual(['Hello world', true])
    const parts = await read(await ollama.generate({ model: 'tiny', prompt: 'Hi', stream: true }))
    expect(parts.map((part) => part.response)).toEqual(['Hello', ' world', ''])
  })

  test('gets thoughts and tool calls as the objects it documents', async () => {
    const steps = ['<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>']
    const calling = await client({ script: { answers: [{ steps }] } })
    const called = await calling.ollama.chat({ model: 'tool', messages: [user('Hi')], tools: [W] })
    expect(called.message.tool_calls?.[0]?.function).toMatchObject({
      name: 'get_weather',
      arguments: { city: 'Paris' },
    })
    const thinking = await client({ script: { answers: [{ steps: ['<think>hm</think>Yes'] }] } })
    const thought = await thinking.ollama.chat({ model: 'think', messages: [user('Hi')], think: true })
    expect(thought.message).toMatchObject({ content: 'Yes', thinking: 'hm' })
  })

  test('ollama 170: embeds, with the newer and the older call', async () => {
    const { ollama } = await client({ models: ['bert'] })
    const { embeddings } = await ollama.embed({ model: 'bert', input: ['a', 'b'], dimensions: 2 })
    expect(embeddings.map((vector) => vector.length)).toEqual([2, 2])
    const { embedding } = await ollama.embeddings({ model: 'bert', prompt: 'a' })
    expect(embedding).toEqual([0.25, -0.5, 1, 2])
    await expect(ollama.embed({ model: 'nope', input: 'a' })).rejects.toMatchObject({
      status_code: 404,
      error: 'model "nope" not found, try pulling it first',
    })
  })

  test('ollama 170: stops generation with abort()', async () => {
    const steps: Step[] = Array.from({ length: 10_000 }, () => [{ waitMs: 5 }, 'x']).flat()
    const { ollama, backend, app } = await client({ script: { answers: [{ steps }] } })
    // After an abort, fetch opens a spare connection that never carries a request.
    onTestFinished(() => app.server.closeAllConnections())
    const stream = await ollama.chat({ model: 'msg', messages: [user('Hi')], stream: true })
    const reading = (async () => {
      for await (const _part of stream) ollama.abort()
    })()
    await expect(reading).rejects.toThrow('aborted')
    await expect.poll(() => backend.endings, { timeout: 1000 }).toEqual(['aborted'])
  })

  test('ollama 170: pulls a model, at once and piece by piece', async () => {
    const registry = await startRegistry()
    registry.publish('library/new', [{ kind: 'model', content: bytesContent(fixtureWeights({})) }])
    const { ollama } = await client()
    const request = { model: `${registry.host}/library/new`, insecure: true }
    const events = await read(await ollama.pull({ ...request, stream: true }))
    expect(events.at(-1)).toEqual({ status: 'success' })
    expect(await ollama.pull(request)).toEqual({ status: 'success' })
    expect((await ollama.list()).models).toHaveLength(5)
  })

  test('ollama 170: deletes a model', async () => {
    const { ollama } = await client()
    await ollama.delete({ model: 'tiny' })
    expect((await ollama.list()).models).toHaveLength(3)
  })

  test('ollama 170: creates a model from another, at once and step by step', async () => {
    const { ollama } = await client()
    const made = await ollama.create({ model: 'one', from: 'tiny', system: 'X', parameters: { seed: 7 } })
    expect(made).toEqual({ status: 'success' })
    const shown = await ollama.show({ model: 'one' })
    expect([shown.system, shown.details.parent_model]).toEqual(['X', 'tiny:latest'])
    const messages = [user('Hi'), { role: 'assistant', content: 'Hello' }]
    const steps = await read(
      await ollama.create({ model: 'two', from: 'one', license: ['MIT'], messages, stream: true }),
    )
    expect(steps.map(({ status }) => status).slice(-2)).toEqual(['writing manifest', 'success'])
    expect((await ollama.list()).models.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['one:latest', 'two:latest']),
    )
    expect((await ollama.generate({ model: 'two', prompt: 'Hi' })).response).toBe('Hello world')
    await expect(ollama.create({ model: 'a b', from: 'tiny' })).rejects.toMatchObject({
      status_code: 400,
      error: 'invalid model name',
    })
  })

  test('ollama 170: copies a model, and deletes the copy without harm to the other', async () => {
    const { ollama } = await client()
    await ollama.copy({ source: 'tiny', destination: 'me/copy' })
    expect((await ollama.show({ model: 'me/copy' })).details.family).toBe('llama')
    await ollama.delete({ model: 'me/copy' })
    expect((await ollama.generate({ model: 'tiny', prompt: 'Hi' })).response).toBe('Hello world')
    await expect(ollama.copy({ source: 'nope', destination: 'x' })).rejects.toMatchObject({
      status_code: 404,
      error: 'model "nope" not found',
    })
  })

  test('gets a status and a message for a model that is not installed', async () => {
    const { ollama } = await client()
    const missing = { status_code: 404, error: "model 'nope' not found" }
    await expect(ollama.chat({ model: 'nope', messages: [user('Hi')] })).rejects.toMatchObject(missing)
    const streamed = ollama.generate({ model: 'nope', prompt: 'Hi', stream: true })
    await expect(streamed).rejects.toMatchObject(missing)
    await expect(ollama.delete({ model: 'nope' })).rejects.toMatchObject(missing)
  })

  test('gets the message of a failure in the middle of a stream', async () => {
    const steps = ['a', { fail: new Error('boom') }]
    const { ollama } = await client({ script: { answers: [{ steps }] } })
    const stream = await ollama.chat({ model: 'msg', messages: [user('Hi')], stream: true })
    await expect(read(stream)).rejects.toThrow(/\w/)
  })
})
