import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BufferSize, LoadPlan } from '../../../engine/backend.ts'
import { expertPattern, loadMode, overridesOf } from '../../../engine/llama/placement.ts'
import type { ToChild, ToParent } from '../../../engine/runner/protocol.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { writeRandomAdapter } from '../../helpers/random-adapter.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { loggedRunner, outputOf, planFor, randomModel, requestFor } from '../../helpers/runner.ts'

const PROMPT = [1, 300, 301, 302, 303, 304, 305, 306]

const textOf = async (plan: LoadPlan) =>
  (await outputOf((await loggedRunner(plan)).runner, requestFor(PROMPT, { maxTokens: 30 }))).text

const bytesOf = (buffers: readonly BufferSize[], kind: BufferSize['kind']) =>
  buffers.filter((buffer) => buffer.kind === kind).reduce((sum, { bytes }) => sum + bytes, 0)

describe('experts in main memory', () => {
  const matches = (layers: number | 'all', tensor: string) => new RegExp(expertPattern(layers)).test(tensor)

  test('are those of the first layers, and nothing else', () => {
    expect(matches(2, 'blk.0.ffn_gate_exps.weight')).toBe(true)
    expect(matches(2, 'blk.1.ffn_down_exps.weight')).toBe(true)
    expect(matches(2, 'blk.2.ffn_up_exps.weight')).toBe(false)
    expect(matches(2, 'blk.11.ffn_up_exps.weight')).toBe(false)
    expect(matches(12, 'blk.11.ffn_gate_up_exps.weight')).toBe(true)
    expect(matches('all', 'blk.61.ffn_up_chexps.weight')).toBe(true)
    for (const other of ['blk.0.ffn_up.weight', 'blk.0.ffn_up_shexp.weight', 'blk.0.attn_q.weight']) {
      expect(matches('all', other), other).toBe(false)
    }
  })

  test('come after the tensors that a plan names itself', () => {
    const own = { pattern: 'blk.0', device: 'CUDA0' }
    expect(overridesOf({ tensorOverrides: [own], cpuExpertLayers: 1 })).toEqual([
      own,
      { pattern: expertPattern(1), device: 'CPU' },
    ])
    expect(overridesOf({ cpuExpertLayers: 0 })).toEqual([])
  })

  test('a mixture of experts answers the same with its experts placed by hand', async () => {
    const path = join(await tempFolder(), 'experts.gguf')
    await writeRandomModel(path, { ...SHAPE_SMALL, experts: { count: 4, used: 2 } })
    const usual = await textOf(planFor(path))
    const { runner, warnings } = await loggedRunner(planFor(path, { mmap: true, cpuExpertLayers: 1 }))
    expect((await outputOf(runner, requestFor(PROMPT, { maxTokens: 30 }))).text).toBe(usual)
    // llama.cpp says this once a tensor has matched.
    expect(warnings()).toContain('tensor overrides to CPU are used with mmap')
  })

  test('a pattern that no tensor matches changes nothing', async () => {
    const overrides = [{ pattern: 'blk\\.7\\.', device: 'CPU' }]
    const { warnings } = await loggedRunner(
      planFor(await randomModel(), { mmap: true, tensorOverrides: overrides }),
    )
    expect(warnings()).not.toContain('tensor overrides')
  })

  test.each([
    [{ pattern: '(', device: 'CPU' }, /unable to load model/],
    [{ pattern: 'blk', device: 'CUDA7' }, /there is no device CUDA7 to put tensors on; there are CPU/],
  ])('a plan with %j is refused', async (override, message) => {
    const plan = planFor(await randomModel(), { tensorOverrides: [override] })
    await expect(loggedRunner(plan)).rejects.toMatchObject({ code: 'load_failed', message })
  })
})

test('a tensor split does no harm where there is no GPU, and one for too many devices is refused', async () => {
  const path = await randomModel()
  expect(await textOf(planFor(path, { tensorSplit: [3, 1] }))).toBe(await textOf(planFor(path)))
  const tooMany = planFor(path, { tensorSplit: Array(1000).fill(1) })
  await expect(loggedRunner(tooMany)).rejects.toMatchObject({ message: /a tensor split names 1000 devices/ })
})

test('positions and memory nodes can be overridden', async () => {
  const path = await randomModel()
  const usual = await textOf(planFor(path))
  expect(await textOf(planFor(path, { numa: 'distribute' }))).toBe(usual)
  expect(await textOf(planFor(path, { rope: { frequencyBase: 10_000, frequencyScale: 1 } }))).toBe(usual)
  expect(await textOf(planFor(path, { rope: { scaling: 'linear', frequencyScale: 0.1 } }))).not.toBe(usual)
})

test('an adapter changes the answer as strongly as its scale says', async () => {
  const adapter = join(await tempFolder(), 'adapter.gguf')
  await writeRandomAdapter(adapter, SHAPE_SMALL)
  const path = await randomModel()
  const plain = await textOf(planFor(path))
  const scaled = (adapterScales?: number[]) =>
    textOf(planFor(path, { adapterPaths: [adapter], ...(adapterScales && { adapterScales }) }))
  const full = await scaled()
  expect(full).not.toBe(plain)
  expect(await scaled([1])).toBe(full)
  expect(await scaled([0])).toBe(plain)
})

test('the bytes of an adapter count as weights', async () => {
  const adapter = join(await tempFolder(), 'adapter.gguf')
  const shape = { ...SHAPE_SMALL, embedding: 1024, heads: 16, kvHeads: 2, feedForward: 64, layers: 1 }
  await writeRandomAdapter(adapter, shape)
  const path = join(await tempFolder(), 'wide.gguf')
  await writeRandomModel(path, shape)
  const without = (await loggedRunner(planFor(path))).runner.info
  const { info } = (await loggedRunner(planFor(path, { adapterPaths: [adapter] }))).runner
  // Two matrices of 1024 × 4 numbers of 4 bytes; llama.cpp says sums in hundredths of a MiB.
  const added = bytesOf(info.buffers, 'weights') - bytesOf(without.buffers, 'weights')
  expect(Math.abs(added - 2 ** 15)).toBeLessThan(0.011 * 2 ** 20)
  expect(info.sizeBytes).toBe(info.buffers.reduce((sum, { bytes }) => sum + bytes, 0))
})

test.each<[LoadPlan['kvCacheType'], number]>([
  ['f16', 8],
  ['q8_0', 8 * (34 / 64)],
  ['q4_0', 8 * (18 / 64)],
])('a cache of type %s takes exactly %d MiB', async (kvCacheType, mebibytes) => {
  const path = join(await tempFolder(), 'heads.gguf')
  // Quantized blocks hold 32 values, so a head must too.
  await writeRandomModel(path, { ...SHAPE_SMALL, heads: 2, kvHeads: 1 })
  const { runner } = await loggedRunner(planFor(path, { kvCacheType, contextLength: 32_768 }))
  expect(bytesOf(runner.info.buffers, 'kv')).toBe(mebibytes * 2 ** 20)
  expect((await outputOf(runner, requestFor(PROMPT, { maxTokens: 3 }))).end.outputTokens).toBe(3)
})

test('a quantized cache without flash attention is refused with what to do about it', async () => {
  const plan = planFor(await randomModel(), { kvCacheType: 'q8_0', flashAttention: false })
  await expect(loggedRunner(plan)).rejects.toMatchObject({
    code: 'load_failed',
    message: 'a KV cache of type q8_0 needs flash attention: turn that on, or use a cache of type f16',
  })
})

test.each([
  [{}, -1],
  [{ mmap: false }, 0],
  [{ mmap: true }, 1],
  [{ mmap: false, mlock: true }, 2],
  [{ mlock: true }, 3],
  [{ mmap: true, mlock: true }, 3],
  [{ mmap: true, mlock: true, directIo: true }, 4],
])('the way of loading for %j is number %d of llama.cpp', (plan, mode) => {
  expect(loadMode({ mmap: undefined, ...plan })).toBe(mode)
})

test('however a model is read, it answers the same', async () => {
  const path = await randomModel()
  const usual = await textOf(planFor(path))
  for (const change of [{ mmap: false }, { directIo: true }, { mlock: true }, { mlock: true, mmap: false }]) {
    expect(await textOf(planFor(path, change)), JSON.stringify(change)).toBe(usual)
  }
})

test.runIf(process.platform === 'linux')(
  'where the system allows to lock hardly any memory, a model loads with a warning',
  async () => {
    const entry = fileURLToPath(new URL('../../../engine/runner/child.ts', import.meta.url))
    const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const node = [process.execPath, '--import', loader, entry]
    // Root may lock what it likes unless that power is taken away.
    const drop = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-ipc_lock'] : []
    const command = [...drop, ...node].map((word) => `'${word}'`).join(' ')
    const child = spawn('sh', ['-c', `ulimit -l 16 && exec ${command}`], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    onTestFinished(async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    const plan = planFor(await randomModel(), { mlock: true })
    child.send({ type: 'load', plan } satisfies ToChild)
    const messages: ToParent[] = []
    while (!messages.some(({ type }) => type === 'loaded' || type === 'load-failed')) {
      const [message] = (await once(child, 'message')) as [ToParent]
      messages.push(message)
    }
    expect(messages.at(-1)?.type).toBe('loaded')
    const said = messages.flatMap((message) => (message.type === 'log' ? [message.message] : [])).join('\n')
    expect(said).toContain('failed to mlock')
  },
)
