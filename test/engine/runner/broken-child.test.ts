/** A child that says what it should not, in place of a process. */
import { beforeEach, expect, test, vi } from 'vitest'
import { startRunner } from '../../../engine/runner/client.ts'
import type { RunnerProcess } from '../../../engine/runner/runner-process.ts'
import { outputOf, planFor, requestFor } from '../../helpers/runner.ts'

const child = vi.hoisted(() => ({
  say: (_message: unknown): void => {},
  leave: (_how: string): void => {},
  sent: [] as { type: string }[],
  wasEnded: false,
}))

vi.mock('../../../engine/runner/runner-process.ts', () => ({
  startProcess(_environment: object, receive: (message: unknown) => void): RunnerProcess {
    child.say = receive
    const exited = new Promise<string>((resolve) => {
      child.leave = resolve
    })
    return {
      send: (message) => child.sent.push(message),
      isThere: () => true,
      exited,
      lastWords: () => '',
      end() {
        child.wasEnded = true
        return exited.then(() => {})
      },
      kill() {},
    }
  },
}))

beforeEach(() => {
  child.sent = []
  child.wasEnded = false
})

const INFO = {
  contextLength: 256,
  slots: 1,
  vocabularySize: 512,
  buffers: [],
  sizeBytes: 0,
  sizeVramBytes: 0,
  addsBos: true,
  controlTokens: ['<s>'],
  canShift: true,
  description: '',
}

async function loaded() {
  const runner = startRunner({
    plan: planFor('/nowhere.gguf'),
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log() {},
  })
  child.say({ type: 'loaded', info: INFO })
  return runner
}

test.each<[string, unknown]>([
  ['nonsense', { type: 'step', events: [{ id: 'one' }] }],
  ['a message nobody knows', { type: 'surprise' }],
  ['nothing', null],
])('a child that says %s is ended, and fails its requests as one that died', async (_, message) => {
  const runner = await loaded()
  const answer = outputOf(runner, requestFor([1]))
  child.say(message)
  await expect(answer).rejects.toMatchObject({
    code: 'runner_died',
    message: /the runner has sent a malformed message$/,
  })
  expect(child.wasEnded).toBe(true)
  child.leave('SIGKILL')
  expect(await runner.gone).toMatchObject({ code: 'runner_died' })
})

test('an answer of the wrong kind ends the child', async () => {
  const runner = await loaded()
  const tokens = runner.tokenize('a', { special: false, bos: false })
  const { id } = child.sent.findLast(({ type }) => type === 'tokenize') as unknown as { id: number }
  child.say({ type: 'answer', id, value: ['a'] })
  await expect(tokens).rejects.toMatchObject({ code: 'runner_died', message: /malformed answer$/ })
  expect(child.wasEnded).toBe(true)
})

test('events of a request that nobody waits for are passed over', async () => {
  const runner = await loaded()
  child.say({ type: 'step', events: [{ id: 99, type: 'text', text: 'a', tokens: 1 }] })
  child.say({ type: 'answer', id: 99, value: 'a' })
  const status = runner.status()
  const { id } = child.sent.findLast(({ type }) => type === 'status') as unknown as { id: number }
  child.say({ type: 'answer', id, value: { busySlots: 0, waiting: 0, outputTokens: 0 } })
  expect(await status).toMatchObject({ busySlots: 0 })
})
