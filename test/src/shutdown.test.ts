import { expect, test, vi } from 'vitest'
import { type Spawned, script } from './spawned.ts'

/** A process that stops as `stop` says and writes its log to stdout. */
async function stopping(stop: string, timeoutMs = 60_000): Promise<Spawned> {
  const spawned = script(`
    import { pino } from 'pino'
    import { exitOnFatal, stopOnSignals } from 'dist/src/shutdown.js'
    const logger = pino(pino.destination({ dest: 1, sync: true }))
    setInterval(() => {}, 1000)
    stopOnSignals({ stop: ${stop}, timeoutMs: ${timeoutMs}, logger })
    console.log('ready')`)
  await vi.waitFor(() => expect(spawned.stdout()).toContain('ready'), 20_000)
  return spawned
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends the process with status 0 once all is closed',
  async (signal) => {
    const spawned = await stopping(`async () => console.log('all closed')`)
    spawned.process.kill(signal)
    expect(await spawned.ended).toBe(0)
    expect(spawned.stdout()).toContain('all closed')
  },
)

test('when the time is over the process leaves with status 1 and says so', async () => {
  const spawned = await stopping('() => new Promise(() => {})', 50)
  spawned.process.kill('SIGTERM')
  expect(await spawned.ended).toBe(1)
  expect(spawned.stdout()).toContain('answers did not end in time')
})

test('when closing fails the process leaves with status 1 and the reason', async () => {
  const spawned = await stopping(`async () => { throw new Error('no way out') }`)
  spawned.process.kill('SIGTERM')
  expect(await spawned.ended).toBe(1)
  expect(spawned.stdout()).toContain('no way out')
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a second signal, %s, ends the process at once with status %d', async (second, status) => {
  const spawned = await stopping('() => new Promise(() => {})')
  spawned.process.kill('SIGTERM')
  await vi.waitFor(() => expect(spawned.stdout()).toContain('stopping'))
  spawned.process.kill(second)
  expect(await spawned.ended).toBe(status)
})

test('an error that nobody caught is logged, and the models are closed before the process leaves', async () => {
  const spawned = script(`
    import { pino } from 'pino'
    import { exitOnFatal } from 'dist/src/shutdown.js'
    exitOnFatal(async () => console.log('models closed'), pino(pino.destination({ dest: 1, sync: true })))
    setInterval(() => {}, 1000)
    Promise.reject(new Error('a bug'))`)
  expect(await spawned.ended).toBe(1)
  expect(spawned.stdout()).toContain('a bug')
  expect(spawned.stdout()).toContain('models closed')
})
