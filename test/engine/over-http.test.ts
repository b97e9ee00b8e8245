/** The real engine behind the real routes in one process, so that a test can look at both ends. */
import { getEventListeners } from 'node:events'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import type { Backend, Runner } from '../../engine/backend.ts'
import { createEngine } from '../../engine/engine.ts'
import { createEmbeddedBackend } from '../../engine/runner/embedded.ts'
import { installBundledModel } from '../../engine/store/bundled.ts'
import { openModelStore } from '../../engine/store/models.ts'
import { buildApp } from '../../src/app.ts'
import { TEST_SETTINGS } from '../helpers/app.ts'
import { tempFolder } from '../helpers/fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from '../helpers/random-model.ts'
import { openSocket } from '../helpers/socket.ts'
import { NO_PULLS, NO_REGISTRIES } from '../helpers/store.ts'

/** A listening server whose runner the test can ask. */
async function watchedServer() {
  const log = pino({ level: 'silent' })
  const folder = await tempFolder()
  const file = join(folder, 'endless.gguf')
  await writeRandomModel(file, SHAPE_SMALL)
  await installBundledModel({ folder, name: 'endless', file, log })
  const runners: Runner[] = []
  const embedded = createEmbeddedBackend({ threads: 1, log })
  const backend: Backend = {
    ...embedded,
    async load(...args) {
      const runner = await embedded.load(...args)
      runners.push(runner)
      return runner
    },
  }
  const engine = createEngine({ backend, settings: TEST_SETTINGS, log })
  const models = await openModelStore({ folder, log, noPrune: true, templates: 'jinja' })
  const app = buildApp(
    { emulatedVersion: '0.33.0' },
    { engine, models, registries: NO_REGISTRIES, pulls: NO_PULLS, logger: log },
  )
  onTestFinished(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const status = async () => (await runners[0]?.status()) ?? { busySlots: 0, outputTokens: 0 }
  return {
    app,
    url,
    outputTokens: async () => (await status()).outputTokens,
    busySlots: async () => (await status()).busySlots,
    /** The context of each load there was. */
    loadedContexts: () => runners.map(({ info }) => info.contextLength),
  }
}

const ENDLESS = { model: 'endless', prompt: 'a', raw: true, options: { temperature: 0, num_predict: -1 } }

test.each([
  ['/api/generate', ENDLESS, '"done":false'],
  ['/v1/completions', { model: 'endless', prompt: 'a', stream: true }, '"text":"'],
])(
  'ollama 65: a client of %s that hangs up in mid-answer frees the slot within 200 ms',
  async (path, body, part) => {
    const { url, busySlots } = await watchedServer()
    const socket = await openSocket(url)
    socket.post(path, body)
    await socket.until(part)
    expect(await busySlots()).toBe(1)
    const leftAt = performance.now()
    socket.hangUp()
    while ((await busySlots()) !== 0);
    expect(performance.now() - leftAt).toBeLessThan(200)
  },
)

test('a finished request leaves nothing behind on the signal of the server’s end', async () => {
  const { app, url } = await watchedServer()
  const short = { ...ENDLESS, options: { temperature: 0, num_predict: 2 } }
  for (const stream of [true, false]) {
    const reply = await fetch(`${url}/api/generate`, {
      method: 'POST',
      body: JSON.stringify({ ...short, stream }),
    })
    expect(await reply.text()).toContain('"done":true')
  }
  const socket = await openSocket(url)
  socket.post('/api/generate', ENDLESS)
  await socket.until('"done":false')
  expect(getEventListeners(app.stopping, 'abort')).toHaveLength(1)
  socket.hangUp()
  await expect.poll(() => getEventListeners(app.stopping, 'abort')).toEqual([])
})

test('a client that waits for a whole answer and hangs up frees the slot within 200 ms', async () => {
  const { url, busySlots } = await watchedServer()
  const socket = await openSocket(url)
  socket.post('/api/generate', { ...ENDLESS, stream: false })
  await expect.poll(busySlots, { interval: 5, timeout: 10_000 }).toBe(1)
  const leftAt = performance.now()
  socket.hangUp()
  while ((await busySlots()) !== 0);
  expect(performance.now() - leftAt).toBeLessThan(200)
})

test('a client that stops reading stops the engine; one that goes on reading lets it go on', async () => {
  const { url, busySlots, outputTokens } = await watchedServer()
  const socket = await openSocket(url)
  socket.post('/api/generate', {
    ...ENDLESS,
    options: { temperature: 0, num_predict: 40_000, num_ctx: 4096 },
  })
  await socket.until('"done":false')
  socket.pause()
  const standsStill = async () => {
    const before = await outputTokens()
    for (let i = 0; i < 50; i++) await outputTokens()
    return (await outputTokens()) === before
  }
  // What the sockets of both ends and the queues hold still goes out.
  await expect.poll(standsStill, { interval: 20, timeout: 20_000 }).toBe(true)
  const stoppedAt = await outputTokens()
  expect(stoppedAt).toBeLessThan(10_000)
  expect(await busySlots()).toBe(1)
  socket.resume()
  await expect.poll(outputTokens, { interval: 5, timeout: 20_000 }).toBeGreaterThan(stoppedAt)
  socket.hangUp()
  await expect.poll(busySlots, { interval: 5, timeout: 10_000 }).toBe(0)
})

test('two clients that ask for different contexts in turn cause no reload after the first growth', async () => {
  const { url, loadedContexts } = await watchedServer()
  const ask = async (num_ctx: number) => {
    const options = { temperature: 0, num_predict: 2, num_ctx }
    const body = JSON.stringify({ ...ENDLESS, stream: false, options })
    const reply = await fetch(`${url}/api/generate`, { method: 'POST', body })
    expect(await reply.json()).toMatchObject({ done: true, eval_count: 2 })
  }
  for (let turn = 0; turn < 5; turn++) for (const num_ctx of [512, 1024]) await ask(num_ctx)
  expect(loadedContexts()).toEqual([512, 1024])
  await Promise.all([512, 1024, 512, 1024].map(ask))
  expect(loadedContexts()).toEqual([512, 1024])
})
