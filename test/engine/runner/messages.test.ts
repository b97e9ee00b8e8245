import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { isFromChild } from '../../../engine/runner/check-child.ts'
import { isFromParent } from '../../../engine/runner/check-parent.ts'
import type { ToChild } from '../../../engine/runner/protocol.ts'
import { startProcess } from '../../../engine/runner/runner-process.ts'
import { planFor, randomModel, requestFor } from '../../helpers/runner.ts'

/** What arrives of a message that was sent. */
const sent = (message: object): unknown => JSON.parse(JSON.stringify(message))

const failure = { code: 'bad_request', message: 'no' }
const info = {
  contextLength: 256,
  slots: 1,
  vocabularySize: 512,
  buffers: [{ device: 'CPU', kind: 'kv', bytes: 12.5 }],
  sizeBytes: 1,
  sizeVramBytes: 0,
  addsBos: true,
  controlTokens: ['<s>'],
  canShift: true,
  description: '',
}
const chosen = {
  token: 'a',
  bytes: [97],
  logprob: -1,
  alternatives: [{ token: 'b', bytes: [], logprob: -2 }],
}
const step = (...events: object[]) => ({ type: 'step', events })

describe('from a child', () => {
  test.each<object>([
    { type: 'progress', fraction: 0.5 },
    { type: 'loaded', info },
    { type: 'load-failed', failure },
    step({ id: 1, type: 'prompt', promptTokens: 3, cachedTokens: 0, promptMs: 0.1 }),
    step(
      { id: 1, type: 'text', text: 'a', tokens: 1 },
      { id: 2, type: 'text', text: '', tokens: 1, logprobs: [chosen] },
    ),
    step({ id: 1, type: 'text', text: 'a', tokens: 1, logprobs: [{ ...chosen, logprob: -Infinity }] }),
    step({ id: 1, type: 'end', reason: 'stop', outputTokens: 1, outputMs: 2, tokenIds: [1] }),
    step({
      id: 1,
      type: 'end',
      reason: 'stop',
      outputTokens: 9,
      outputMs: 2,
      draftedTokens: 7,
      acceptedTokens: 5,
    }),
    step({ id: 1, type: 'failed', failure }),
    { type: 'answer', id: 1, value: [1, 2] },
    { type: 'call-failed', id: 1, failure },
    { type: 'pong', step: null },
    { type: 'log', message: 'a line' },
  ])('%j is understood', (message) => {
    expect(isFromChild(sent(message))).toBe(true)
  })

  test.each<unknown>([
    null,
    'step',
    [],
    {},
    { type: 'constructor' },
    { type: 'loaded', info: { ...info, slots: '1' } },
    { type: 'load-failed', failure: { code: 'toString', message: 'no' } },
    { type: 'step' },
    step({ id: -1, type: 'text', text: 'a', tokens: 1 }),
    step({ id: 1, type: 'text', text: 7, tokens: 1 }),
    step({ id: 1, type: 'text', text: 'a', tokens: 1 }, null as never),
    step({ id: 1, type: 'text', text: 'a', tokens: 1, logprobs: [{ ...chosen, bytes: ['x'] }] }),
    step({ id: 1, type: 'end', reason: 'tired', outputTokens: 1, outputMs: 2 }),
    step({ id: 1, type: 'failed' }),
    { type: 'answer', id: 1 },
    { type: 'pong', step: 0.5 },
  ])('%j is refused', (message) => {
    expect(isFromChild(message)).toBe(false)
  })
})

describe('from the parent', () => {
  const request = requestFor([1, 2], { topLogprobs: 2, grammar: 'root ::= "a"', tags: ['<a>'] })
  const generate = (change: object) => ({ type: 'generate', id: 1, request: { ...request, ...change } })

  test.each<object>([
    { type: 'load', plan: planFor('/a.gguf') },
    generate({}),
    generate({ sampling: { ...request.sampling, logitBias: [[3, -100]] } }),
    { type: 'cancel', id: 1 },
    { type: 'tokenize', id: 1, text: '', special: true, bos: false },
    { type: 'detokenize', id: 1, tokens: [] },
    { type: 'ping' },
    { type: 'shutdown' },
  ])('%j is understood', (message) => {
    expect(isFromParent(sent(message))).toBe(true)
  })

  test.each<unknown>([
    { type: 'load', plan: { ...planFor('/a.gguf'), kvCacheType: 'f99' } },
    { type: 'load', plan: { ...planFor('/a.gguf'), weightsPath: undefined } },
    generate({ prompt: 'text' }),
    generate({ prompt: [1.5] }),
    generate({ stop: 'one' }),
    generate({ sampling: { ...request.sampling, temperature: Number.POSITIVE_INFINITY } }),
    generate({ sampling: { ...request.sampling, logitBias: [[3]] } }),
    { type: 'cancel' },
    { type: 'tokenize', id: 1, text: 'a' },
  ])('%j is refused', (message) => {
    expect(isFromParent(sent(message as object))).toBe(false)
  })
})

/** A child with a model, and what it says. */
async function talkingChild() {
  const messages: { type: string; [key: string]: unknown }[] = []
  const child = startProcess(
    {},
    (message) => messages.push(message as (typeof messages)[0]),
    () => {},
  )
  onTestFinished(() => child.end())
  /** Takes the next message of a type off the list. */
  const next = (type: string) =>
    vi.waitFor(() => {
      const at = messages.findIndex((message) => message.type === type)
      expect(at, type).toBeGreaterThanOrEqual(0)
      return messages.splice(at, 1)[0]
    }, 20_000)
  child.send({ type: 'load', plan: planFor(await randomModel()) })
  await next('loaded')
  return { child, next }
}

test('a child that is asked something malformed says so to whoever waits, and goes on', async () => {
  const { child, next } = await talkingChild()
  child.send({ type: 'generate', id: 5, request: { prompt: 'x' } } as unknown as ToChild)
  const refusal = { failure: { code: 'bad_request', message: 'the runner was sent a malformed message' } }
  expect(await next('step')).toEqual({ type: 'step', events: [{ id: 5, type: 'failed', ...refusal }] })
  expect(await next('call-failed')).toEqual({ type: 'call-failed', id: 5, ...refusal })
  child.send({ type: 'ping' })
  expect(await next('pong')).toEqual({ type: 'pong', step: null })
})

test('a child that decodes answers a ping with the step it is in', async () => {
  const { child, next } = await talkingChild()
  child.send({ type: 'generate', id: 1, request: requestFor([1, 300]) })
  await vi.waitFor(async () => {
    child.send({ type: 'ping' })
    expect((await next('pong'))?.step).toBeGreaterThan(0)
  }, 20_000)
})
