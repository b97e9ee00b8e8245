import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { openSocket } from '../../helpers/socket.ts'
import { chatBody, handMade, type Run, says, text, USAGE } from './hand-made.ts'

const CHAT = '/v1/chat/completions'

afterEach(() => void vi.useRealTimers())

/** Says nothing until it is let go. */
function stalled(then: Run): { run: Run; go: () => void } {
  let go = () => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  const run: Run = async function* (job, signal) {
    await gate
    yield* then(job, signal)
  }
  return { run, go }
}

test('openai 22: while nothing can be said yet, a comment keeps the line open', async () => {
  const { run, go } = stalled(says(text('Hi')))
  const { url } = handMade(run)
  const socket = await openSocket(await url())
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  socket.post(CHAT, chatBody({ stream: true }))
  await vi.waitUntil(() => vi.getTimerCount() > 0)
  await vi.advanceTimersByTimeAsync(15_000)
  vi.useRealTimers()
  await socket.until(': ping\n\n')
  expect(socket.received()).toContain('HTTP/1.1 200')
  expect(socket.received()).not.toContain('data:')
  go()
  await socket.until('data: [DONE]')
})

test('openai 87: a load that fails after a comment was sent is said in a frame', async () => {
  const { run, go } = stalled(async function* () {
    yield* []
    throw new EngineError('load_failed', 'needs 9.1 GB')
  })
  const { url } = handMade(run)
  const socket = await openSocket(await url())
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  socket.post(CHAT, chatBody({ stream: true }))
  await vi.waitUntil(() => vi.getTimerCount() > 0)
  await vi.advanceTimersByTimeAsync(15_000)
  vi.useRealTimers()
  await socket.until(': ping')
  go()
  await socket.until('"message":"needs 9.1 GB"')
  expect(socket.received()).not.toContain('[DONE]')
  expect(socket.received()).not.toContain('choices')
})

/** Talks until its signal aborts, and tells when it stopped. */
function endless() {
  let stopped = () => {}
  const ended = new Promise<void>((resolve) => {
    stopped = resolve
  })
  const run: Run = async function* (_job, signal) {
    try {
      yield { type: 'started' }
      for (;;) {
        yield text('a')
        await wait(1, undefined, { signal })
      }
    } finally {
      stopped()
    }
  }
  return { run, ended }
}

test.each([1, 2])('openai 23: a client that leaves a stream of %d answers ends the work', async (n) => {
  const { run, ended } = endless()
  const { url } = handMade(run)
  const socket = await openSocket(await url())
  socket.post(CHAT, chatBody({ stream: true, n }))
  await socket.until('"content":"a"')
  socket.hangUp()
  await ended
})

test('openai 24: a client that leaves before its whole reply ends the work', async () => {
  const { run, ended } = endless()
  const { url, jobs } = handMade(run)
  const socket = await openSocket(await url())
  socket.post(CHAT, chatBody())
  await expect.poll(() => jobs.length).toBe(1)
  socket.hangUp()
  await ended
})

test('a server that stops says so in the streams it cuts', async () => {
  const { app, url } = handMade(endless().run)
  const socket = await openSocket(await url())
  socket.post(CHAT, chatBody({ stream: true }))
  await socket.until('"content":"a"')
  await app.close()
  await socket.closed
  expect(socket.received()).toContain('"message":"server is shutting down"')
})

test('a slow reader slows the engine', async () => {
  let said = 0
  const { url } = handMade(async function* () {
    yield { type: 'started' }
    for (; said < 5000; said += 1) yield text('x'.repeat(10_000))
    yield { type: 'end', reason: 'stop', usage: USAGE }
  })
  const socket = await openSocket(await url())
  socket.pause()
  socket.post(CHAT, chatBody({ stream: true }))
  // All buffers on the way are full when the engine has not been asked for a while.
  let before = -1
  await expect
    .poll(
      () => {
        const isStill = said > 0 && said === before
        before = said
        return isStill
      },
      { interval: 100, timeout: 10_000 },
    )
    .toBe(true)
  expect(said).toBeLessThan(5000)
  socket.hangUp()
})
