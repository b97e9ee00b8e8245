import { describe, expect, test } from 'vitest'
import { createInventory } from '../../../engine/planning/inventory.ts'
import { recorded } from '../../engine/hardware/recorded.ts'
import { serve, user } from './serve.ts'

const L4 = '0, GPU-aaaa1111, NVIDIA L4, 00000000:01:00.0, 0x27B810DE, 23034, 22000, 8.9, 570.1, Disabled\n'
const MINUTE_MS = 60_000
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS
const remainingMs = ({ expires_at }: { expires_at: string }) => Date.parse(expires_at) - Date.now()

test('nothing loaded is an empty list', async () => {
  const { http } = await serve()
  expect((await http.get('/api/ps')).body).toEqual({ models: [] })
})

test('ollama 107: a loaded model is listed with its size, its context and when it goes', async () => {
  const { generate, ps, http } = await serve()
  await generate({ model: 'tiny', options: { num_ctx: 100 } })
  const [entry, ...more] = await ps()
  expect(Object.keys(entry)).toEqual([
    'name',
    'model',
    'size',
    'digest',
    'details',
    'expires_at',
    'size_vram',
    'context_length',
    'snug',
  ])
  expect(entry).toMatchObject({
    name: 'tiny:latest',
    model: 'tiny:latest',
    size: 1_000_000,
    size_vram: 0,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    expires_at: expect.stringMatching(/(Z|[+-]\d\d:\d\d)$/),
    context_length: 100,
  })
  expect(Math.abs(remainingMs(entry) - 5 * MINUTE_MS)).toBeLessThan(10_000)
  expect(more).toEqual([])
  const [listed] = (await http.get('/api/tags')).body.models
  expect([entry.digest, entry.details]).toEqual([listed.digest, listed.details])
})

test('a model on the processor is listed with the reason where the machine is it, for those who look', async () => {
  const parts = {
    readers: recorded({
      variables: { CUDA_VISIBLE_DEVICES: '' },
      programs: { 'nvidia-smi': { '--query': L4 } },
    }),
    build: async () => ({ platform: 'linux', architecture: 'x64', backends: ['cuda'] }) as const,
    engineDevices: async () => [],
  }
  const { generate, ps } = await serve({ inventory: createInventory(parts) })
  expect(await ps()).toEqual([])
  await generate({ model: 'tiny' })
  expect(await ps()).toMatchObject([
    { size_vram: 0, cpu_reason: 'NVIDIA L4 is hidden by CUDA_VISIBLE_DEVICES' },
  ])
})

describe('ollama 108: a model that is kept', () => {
  test.each([[-1], ['-1m']])(
    'ollama 108: forever (%j) stays until another request says otherwise',
    async (keep_alive) => {
      const { generate, ps } = await serve()
      await generate({ model: 'tiny', prompt: 'a', keep_alive })
      for (const extra of [{}, { keep_alive: null }]) {
        const [entry] = await ps()
        expect(remainingMs(entry)).toBeGreaterThan(100 * YEAR_MS)
        expect(Number(entry.expires_at.slice(0, 4))).toBeLessThanOrEqual(9999)
        expect((await generate({ model: 'tiny', prompt: 'a', ...extra })).status).toBe(200)
      }
      await generate({ model: 'tiny', prompt: 'a', keep_alive: '1m' })
      expect(Math.abs(remainingMs((await ps())[0]) - MINUTE_MS)).toBeLessThan(10_000)
    },
  )
})

test.each([
  ['5', 'time: missing unit in duration "5"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['', 'time: invalid duration ""'],
  [true, "Unsupported type: 'bool'"],
])('ollama 109: keep_alive %j is refused', async (keep_alive, error) => {
  const { generate, chat } = await serve()
  for (const ask of [generate, chat]) {
    const reply = await ask({ model: 'tiny', keep_alive })
    expect([reply.status, reply.body]).toEqual([400, { error }])
  }
})

test('ollama 110: a model kept for a moment is gone a moment later', async () => {
  const { chat, ps, backend } = await serve()
  expect((await chat({ model: 'tiny', messages: [user('a')], keep_alive: 0.2 })).status).toBe(200)
  await expect.poll(ps, { timeout: 1000, interval: 20 }).toEqual([])
  await expect.poll(() => backend.closed).toBe(1)
})

test('ollama 112: the model that stays longest comes first', async () => {
  const { generate, ps } = await serve({ models: ['tiny', 'msg', 'jinja'] })
  await generate({ model: 'tiny', keep_alive: '2m' })
  await generate({ model: 'msg', keep_alive: -1 })
  await generate({ model: 'jinja', keep_alive: '3m' })
  const names = (await ps()).map(({ name }: { name: string }) => name)
  expect(names).toEqual(['msg:latest', 'jinja:latest', 'tiny:latest'])
})

test('besides what Ollama says there is what the model is doing', async () => {
  const wait = { waitMs: 60_000 }
  const { generate, ps, app } = await serve({
    script: { answers: [{ steps: ['a', wait] }] },
    settings: { parallel: 2 },
  })
  const answers = Array.from({ length: 3 }, () =>
    generate({ model: 'tiny', prompt: 'a' }).then(
      () => {},
      () => {},
    ),
  )
  await expect
    .poll(async () => (await ps())[0]?.snug)
    .toEqual({
      slots: 2,
      busy_slots: 2,
      waiting: 1,
      // A token each, at most a second ago.
      tokens_per_second: 2,
    })
  await app.close()
  await Promise.all(answers)
})

test('a request that needs the model in another way is counted as waiting', async () => {
  const { generate, ps, app } = await serve({ script: { answers: [{ steps: ['a', { waitMs: 60_000 }] }] } })
  const answers = [{}, { options: { num_ctx: 99 } }].map((extra) =>
    generate({ model: 'tiny', prompt: 'a', ...extra }).then(
      () => {},
      () => {},
    ),
  )
  await expect.poll(async () => (await ps())[0]?.snug).toMatchObject({ busy_slots: 1, waiting: 1 })
  await app.close()
  await Promise.all(answers)
})
