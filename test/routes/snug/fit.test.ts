import { expect, test } from 'vitest'
import type { MachineNow } from '../../../engine/planning/types.ts'
import { FitReply } from '../../../routes/snug/fit-reply.ts'
import { testApp } from '../../helpers/app.ts'
import { CARDS, cards, GIB, machineWith } from '../../helpers/machines.ts'

const HERE: MachineNow = {
  machine: machineWith(cards(1, 'RTX 4090', CARDS.rtx4090), { gibibytes: 64, dataSheet: 89.6 }),
  notes: ['a note of the machine'],
}

async function asker(here: MachineNow = HERE, settings: Parameters<typeof testApp>[0] = {}) {
  const { app } = await testApp({ models: ['tiny'], readMachine: async () => here, ...settings })
  const ask = async (body: object | string) => {
    const answer = await app.inject({ method: 'POST', url: '/api/fit', payload: body })
    return { status: answer.statusCode, json: answer.json() }
  }
  const advice = async (body: object): Promise<FitReply> => {
    const { status, json } = await ask(body)
    expect(json).not.toHaveProperty('error')
    expect(status).toBe(200)
    return FitReply.parse(json)
  }
  return { app, ask, advice }
}

test('POST /api/fit says whether a model fits, how it would be loaded, and why', async () => {
  const { advice } = await asker()
  const reply = await advice({ model: 'qwen2.5:72b' })
  expect(reply).toMatchObject({ model: 'qwen2.5:72b', verdict: 'fits', trained_ctx: 32768 })
  expect(reply.parameters.total).toBe(reply.parameters.active + 152064 * 8192)
  expect(reply.chosen).toMatchObject({
    quantization: 'Q3_K_L',
    num_ctx: 8192,
    kv_cache_type: 'q8_0',
    num_gpu: 47,
  })
  expect(reply.rows.filter((row) => row.is_chosen).map(({ quantization }) => quantization)).toEqual([
    'Q3_K_L',
  ])
  expect(reply.rows.map(({ quantization }) => quantization)).toEqual(
    expect.arrayContaining(['F16', 'Q4_K_M', 'IQ2_XXS']),
  )
  expect(reply.reasons[0]).toMatchObject({ code: 'placement', numbers: { gpus: 1 } })
  expect(reply.hardware).toMatchObject({
    is_imagined: false,
    devices: [{ id: 'CUDA0', name: 'RTX 4090', is_unified: false }],
    ram: { total: 64 * GIB },
    cpu_reason: null,
    notes: ['a note of the machine'],
  })
  expect(reply.report).toContain('▶  Q3_K_L')
})

test('the cache type of the server is that of its advice unless the question names another', async () => {
  const { advice } = await asker(HERE, { app: { kvCacheType: 'q4_0' } })
  expect((await advice({ model: 'llama3.1:8b' })).chosen?.kv_cache_type).toBe('q4_0')
  const asked = await advice({ model: 'llama3.1:8b', kv_cache_type: 'f16' })
  expect(asked.chosen?.kv_cache_type).toBe('f16')
  const own = await asker(HERE, { app: { kvCacheType: 'auto' } })
  expect((await own.advice({ model: 'llama3.1:8b' })).chosen?.kv_cache_type).not.toBe('q4_0')
})

test('numbers of a row add up', async () => {
  const { advice } = await asker()
  const { rows } = await advice({ model: 'gpt-oss:120b' })
  for (const row of rows) {
    const onDevices = row.devices.reduce(
      (sum, { weights, cache, buffers }) => sum + weights + cache + buffers,
      0,
    )
    expect(Math.abs(onDevices - row.gpu)).toBeLessThanOrEqual(3 * row.devices.length)
    expect(row.gpu + row.ram + row.disk).toBeGreaterThan(row.weights)
    expect(row.fits).toBe(row.obstacle === null)
  }
})

test('an installed model is planned in the quantization it has', async () => {
  const { advice } = await asker()
  const reply = await advice({ model: 'tiny' })
  expect(reply.chosen).toMatchObject({
    name: 'tiny:latest',
    source: 'installed',
    is_exact: true,
    placement: 'gpu',
    num_ctx: 8192,
  })
})

test('devices and memory can be imagined, as a text or as a list', async () => {
  const { advice } = await asker()
  const one = await advice({ model: 'deepseek-v3', devices: '8x H100 80', ram: '1 TB at 307.2 GB/s' })
  expect(one).toMatchObject({
    verdict: 'fits',
    chosen: { quantization: 'Q6_K', placement: 'gpu', num_ctx: 131072 },
  })
  expect(one.hardware).toMatchObject({
    is_imagined: true,
    ram: { total: 1024 * GIB, bandwidth: 307.2e9 * 0.8 },
  })
  expect(one.hardware.devices).toHaveLength(8)
  const list = await advice({ model: 'tiny', devices: ['2x RTX 3090', 'RTX 3060 12'], ram: 32 })
  expect(list.hardware.devices.map(({ name }) => name)).toEqual([
    'GeForce RTX 3090',
    'GeForce RTX 3090',
    'GeForce RTX 3060',
  ])
  expect(list.hardware.ram.total).toBe(32 * GIB)
})

test('memory alone leaves the devices that are there, and none are none', async () => {
  const { advice } = await asker()
  const more = await advice({ model: 'tiny', ram: '256GB' })
  expect(more.hardware).toMatchObject({ devices: [{ id: 'CUDA0' }], ram: { total: 256 * GIB } })
  const none = await advice({ model: 'tiny', devices: 'none' })
  expect(none.hardware).toMatchObject({ devices: [], ram: { total: 64 * GIB } })
  expect(none.chosen?.placement).toBe('cpu')
})

test('what is asked for is kept to, and what it costs is said', async () => {
  const { advice } = await asker()
  const reply = await advice({
    model: 'qwen2.5:72b',
    quantization: 'q4_k_m',
    num_ctx: 4096,
    kv_cache_type: 'f16',
    num_gpu: 10,
    num_parallel: 2,
  })
  expect(reply.chosen).toMatchObject({
    quantization: 'Q4_K_M',
    num_ctx: 4096,
    kv_cache_type: 'f16',
    num_gpu: 10,
    num_parallel: 2,
  })
  expect(reply.reasons.map(({ code }) => code)).toContain('wish-costs')
})

test('what does not fit comes with what is missing, and nothing is marked as chosen', async () => {
  const { advice } = await asker()
  const reply = await advice({ model: 'llama3.1:405b', quantization: 'Q8_0' })
  expect(reply.verdict).toBe('does-not-fit')
  expect(reply.chosen).toMatchObject({ fits: false, obstacle: 'host-memory', grade: 'F' })
  expect(reply.rows.some((row) => row.is_chosen)).toBe(false)
  expect(reply.reasons[0]?.code).toBe('does-not-fit')
  expect(reply.reasons[0]?.numbers.missingBytes).toBeGreaterThan(300e9)
})

test('why nothing runs on a GPU is part of the answer', async () => {
  const machine = machineWith([], { gibibytes: 16, dataSheet: 51.2 })
  const { advice } = await asker({ machine, notes: [], cpuReason: 'the engine was built without one' })
  expect((await advice({ model: 'tiny' })).hardware.cpu_reason).toBe('the engine was built without one')
})

test.each<[object | string, number, string]>([
  [{}, 400, 'model is required'],
  ['', 400, 'missing request body'],
  ['{', 400, 'unexpected EOF'],
  [{ model: 1 }, 400, 'json: cannot unmarshal number into Go struct field FitRequest.model of type string'],
  [
    { model: 'tiny', num_ctx: '4k' },
    400,
    'json: cannot unmarshal string into Go struct field FitRequest.num_ctx of type int',
  ],
  [{ model: 'a b' }, 400, 'invalid model name'],
  [
    { model: 'nobody' },
    404,
    "model 'nobody' not found: it is not installed, and its network is not known here: pull it, or name hf.co/user/repository",
  ],
  [
    { model: '/etc/passwd' },
    400,
    "a path means a file of the machine it is written on: ask with the name of an installed model, a name of Ollama's library, hf.co/user/repository or the address of a GGUF file",
  ],
  [
    { model: 'tiny', devices: 'RTX 9999' },
    400,
    '"RTX 9999" is no device that is known: try a name such as RTX 4090 or M3 Ultra',
  ],
  [
    { model: 'tiny', devices: 'TPU v5p' },
    400,
    'Cloud TPU v5p cannot run models here: llama.cpp has no backend for it',
  ],
  [
    { model: 'tiny', ram: 'much' },
    400,
    '"much" is no size of memory: write it as 64 GB, or as 64 GB at 89.6 GB/s',
  ],
  [{ model: 'tiny', num_ctx: 0 }, 400, 'num_ctx must be from 1 to 16777216, not 0'],
  [{ model: 'tiny', kv_cache_type: 'q1' }, 400, 'kv_cache_type must be one of f16, q8_0, q4_0, not q1'],
])('%j is answered %i: %s', async (body, status, error) => {
  const { ask } = await asker()
  expect(await ask(body)).toEqual({ status, json: { error } })
})

test('the OpenAPI document has the route with its bodies', async () => {
  const { app } = await asker()
  const { paths, components } = (await app.inject({ url: '/openapi.json' })).json()
  expect(paths['/api/fit'].post.responses['200'].content['application/json'].schema).toEqual({
    $ref: '#/components/schemas/SnugFitReply',
  })
  expect(
    Object.keys(
      components.schemas.SnugFitRequestInput?.properties ?? components.schemas.SnugFitRequest.properties,
    ),
  ).toContain('num_parallel')
})
