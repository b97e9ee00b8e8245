import { describe, expect, test } from 'vitest'
import { createLoadPlanner } from '../../../engine/planning/load-planner.ts'
import { installedModel } from '../../helpers/installed-model.ts'
import { CARDS, cards, GIB, MIB, machineWith } from '../../helpers/machines.ts'
import { EMPTY_PLAN, machineNow, plannerOf } from '../../helpers/planning.ts'

const LLAMA_8B = ['llama3.1:8b', 'Q4_K_M'] as const
const LLAMA_70B = ['llama3.1:70b', 'Q4_K_M'] as const
const QWEN_MOE = ['qwen3:30b-a3b', 'Q4_K_M'] as const
const noGpu = (gibibytes: number) => machineWith([], { gibibytes, dataSheet: 89.6 })
const oneCard = (gibibytes = 64) =>
  machineWith(cards(1, 'RTX 4090', CARDS.rtx4090), { gibibytes, dataSheet: 89.6 })
const twoCards = () => machineWith(cards(2, 'RTX 4090', CARDS.rtx4090), { gibibytes: 64, dataSheet: 89.6 })
const container = (mebibytes: number) => {
  const machine = noGpu(4)
  const bytes = mebibytes * MIB
  return { ...machine, ram: { ...machine.ram, totalBytes: bytes, availableBytes: bytes, isContainer: true } }
}

describe('what nobody asks for is chosen', () => {
  test('without a GPU the context stays at what leaves memory for others', async () => {
    const { plan, needs } = await plannerOf(noGpu(64), LLAMA_8B)()
    expect(plan).toMatchObject({ contextLength: 16_384, kvCacheType: 'f16', gpuLayers: 0, cells: 16_384 })
    // Weights 4.6 GiB, and a cell of 128 KiB for each token.
    expect(needs.RAM).toBeGreaterThan(6.5 * GIB)
    expect(needs.RAM).toBeLessThan(7.5 * GIB)
  })

  test('one card that holds all gets all layers and a long context', async () => {
    const { plan, needs } = await plannerOf(oneCard(), LLAMA_8B)()
    expect(plan).toMatchObject({ contextLength: 32_768, gpuLayers: 33, mainGpu: undefined })
    expect(plan.tensorSplit).toBeUndefined()
    expect(needs.CUDA0).toBeGreaterThan(8 * GIB)
    expect(needs.RAM).toBeLessThan(GIB)
  })

  test('of several cards that each hold all, one is named', async () => {
    expect((await plannerOf(twoCards(), LLAMA_8B)()).plan).toMatchObject({ gpuLayers: 33, mainGpu: 0 })
  })

  test('cards that hold it together are told how many layers each takes, the output counted as one', async () => {
    const { plan } = await plannerOf(twoCards(), LLAMA_70B)()
    expect(plan.gpuLayers).toBe(81)
    expect(plan.tensorSplit).toHaveLength(2)
    expect((plan.tensorSplit ?? []).reduce((sum, layers) => sum + layers, 0)).toBe(81)
  })

  test('experts that find no room on the card stay in main memory', async () => {
    const machine = machineWith(cards(1, 'RTX 3060', CARDS.rtx3060), { gibibytes: 32, dataSheet: 89.6 })
    const { plan } = await plannerOf(machine, QWEN_MOE)()
    expect(plan.gpuLayers).toBe(49)
    expect(plan.cpuExpertLayers).toBeGreaterThan(0)
    expect(plan.cpuExpertLayers).toBeLessThan(48)
  })

  test('a dense model that a card is too small for is divided between it and the processor', async () => {
    const { plan, needs } = await plannerOf(oneCard(), LLAMA_70B)()
    expect(plan.gpuLayers).toBeGreaterThan(20)
    expect(plan.gpuLayers).toBeLessThan(60)
    expect(needs.RAM).toBeGreaterThan(15 * GIB)
  })

  test('slots are as many as fit with a whole context each, four at most', async () => {
    expect((await plannerOf(noGpu(64), LLAMA_8B)({ slots: 0 })).plan).toMatchObject({
      slots: 4,
      cells: 65_536,
    })
    const few = (await plannerOf(noGpu(13), LLAMA_8B)({ slots: 0 })).plan
    expect(few.slots).toBeLessThan(4)
    expect(few.cells).toBe(few.slots * few.contextLength)
  })
})

describe('what somebody asks for is kept to', () => {
  test.each([
    ['a context', { contextLength: 6000 }],
    ['layers on the GPU', { gpuLayers: 7 }],
    ['no layers on the GPU', { gpuLayers: 0 }],
    ['mapped weights', { mmap: true }],
    ['weights that are not mapped', { mmap: false }],
    ['slots', { slots: 3 }],
  ])('%s', async (_name, wish) => {
    expect((await plannerOf(oneCard(), LLAMA_8B)(wish)).plan).toMatchObject(wish)
  })

  test('a GPU: the other one stays empty', async () => {
    const { plan, needs } = await plannerOf(twoCards(), LLAMA_8B)({ mainGpu: 1 })
    expect(plan.mainGpu).toBe(1)
    expect(Object.keys(needs).sort()).toEqual(['CUDA1', 'RAM'])
  })

  test('a cache type of the operator, whatever would fit', async () => {
    const plan = plannerOf(noGpu(64), LLAMA_8B, { kvCacheType: 'q4_0' })
    expect((await plan({ kvCacheType: 'q4_0' })).plan.kvCacheType).toBe('q4_0')
  })

  test('a division of the operator between cards', async () => {
    const { plan } = await plannerOf(twoCards(), LLAMA_70B)({ tensorSplit: [3, 1] })
    expect(plan).toMatchObject({ tensorSplit: [3, 1], gpuLayers: -1 })
  })

  test('all GPUs, where the operator wants them used', async () => {
    const plan = plannerOf(twoCards(), LLAMA_8B, { spreadsOverGpus: true })
    const [first = 0, second = 0] = (await plan()).plan.tensorSplit ?? []
    expect(first + second).toBe(33)
    expect(Math.abs(first - second)).toBeLessThan(6)
  })

  test('memory that the operator keeps free on GPUs', async () => {
    const plan = plannerOf(oneCard(), LLAMA_8B, { gpuOverheadBytes: 18 * GIB })
    const { needs } = await plan()
    expect(needs.CUDA0 ?? 0).toBeLessThan(24_100 * MIB - 18 * GIB)
  })
})

describe('memory that others take', () => {
  test('of a card that a model still loads onto only the rest counts', async () => {
    const plan = plannerOf(oneCard(), LLAMA_8B)
    const { needs } = await plan({}, { loading: { CUDA0: 20 * GIB } })
    expect(needs.CUDA0 ?? 0).toBeLessThan(4 * GIB)
  })

  test('what leaves is free', async () => {
    const machine = oneCard()
    const full = { ...machine, devices: machine.devices.map((device) => ({ ...device, freeBytes: GIB })) }
    const leaving = { leaving: { CUDA0: 22 * GIB } }
    expect((await plannerOf(full, LLAMA_8B)()).plan.gpuLayers).toBe(0)
    expect((await plannerOf(full, LLAMA_8B)({}, leaving)).plan.gpuLayers).toBe(33)
  })

  test('and says what there is before it goes, and afterwards, which then is enough', async () => {
    const full = oneCard()
    for (const device of full.devices) device.freeBytes = GIB
    const leaving = { leaving: { CUDA0: 22 * GIB } }
    const { needs, room = {} } = await plannerOf(full, LLAMA_8B)({}, leaving)
    expect(room.CUDA0).toBeLessThan(GIB)
    expect((room.CUDA0 ?? 0) + leaving.leaving.CUDA0).toBeGreaterThanOrEqual(needs.CUDA0 ?? 0)
    expect(room.RAM).toBeGreaterThan(needs.RAM ?? 0)
  })

  test('an idle model stays where a context that is long enough has room beside it', async () => {
    const shared = oneCard()
    for (const device of shared.devices) device.freeBytes = 8.5 * GIB
    const leaving = { leaving: { CUDA0: 14 * GIB } }
    const { plan, needs, room = {} } = await plannerOf(shared, LLAMA_8B, { kvCacheType: 'f16' })({}, leaving)
    expect(plan).toMatchObject({ contextLength: 16_384, gpuLayers: 33 })
    expect(needs.CUDA0).toBeLessThanOrEqual(room.CUDA0 ?? 0)
  })

  test('and leaves where only a shorter one, or fewer layers, would have', async () => {
    for (const gibibytes of [4, 5.8]) {
      const shared = oneCard()
      for (const device of shared.devices) device.freeBytes = gibibytes * GIB
      const leaving = { leaving: { CUDA0: 17 * GIB } }
      const { plan, needs, room = {} } = await plannerOf(shared, LLAMA_8B)({}, leaving)
      expect(plan).toMatchObject({ contextLength: 32_768, gpuLayers: 33 })
      expect(needs.CUDA0).toBeGreaterThan(room.CUDA0 ?? 0)
    }
  })

  test('slots nobody asked for are no reason for an idle model to leave', async () => {
    const shared = oneCard()
    for (const device of shared.devices) device.freeBytes = 11.5 * GIB
    const leaving = { leaving: { CUDA0: 11 * GIB } }
    const { plan, needs, room = {} } = await plannerOf(shared, LLAMA_8B)({ slots: 0 }, leaving)
    expect(plan.gpuLayers).toBe(33)
    expect(needs.CUDA0).toBeLessThanOrEqual(room.CUDA0 ?? 0)
  })

  test('mapped weights of a model that stays are no free memory, though the system calls them available', async () => {
    const plan = plannerOf(noGpu(16), LLAMA_8B)
    await expect(plan({}, { staying: { RAM: 12 * GIB } })).rejects.toMatchObject({ code: 'does_not_fit' })
  })
})

describe('a model that is named is refused only when it cannot be there', () => {
  test('what is usually left to others is given to a small one', async () => {
    const { plan } = await plannerOf(container(3000), ['llama3.2:1b', 'Q4_K_M'])()
    expect(plan.contextLength).toBe(4096)
  })

  test('slots that find no room for contexts of their own share cells', async () => {
    const { plan } = await plannerOf(noGpu(9), LLAMA_8B)({ slots: 8, contextLength: 8192 })
    expect(plan.slots).toBe(8)
    expect(plan.cells).toBeGreaterThanOrEqual(8192)
    expect(plan.cells).toBeLessThan(8 * 8192)
    expect((plan.cells ?? 1) % 8192).toBe(0)
  })

  test('weights beyond all memory are refused with the numbers, before anything is loaded', async () => {
    await expect(plannerOf(container(3000), LLAMA_8B)()).rejects.toMatchObject({
      code: 'does_not_fit',
      message: expect.stringMatching(
        /^model requires more system memory \(5\.\d GiB\) than is available \(2\.9 GiB\); no context is small enough/,
      ),
    })
  })

  test('… unless somebody asks for them to be mapped', async () => {
    const { plan, needs } = await plannerOf(container(3000), LLAMA_8B)({ mmap: true })
    expect(plan.mmap).toBe(true)
    expect(needs.RAM).toBeLessThanOrEqual(3000 * MIB)
  })

  test('a context that is too long is refused, and the largest that works is named', async () => {
    await expect(plannerOf(noGpu(8), LLAMA_8B)({ contextLength: 131_072 })).rejects.toMatchObject({
      code: 'does_not_fit',
      message: expect.stringMatching(
        /^model requires more system memory \(1\d\.\d GiB\) than is available \(8\.0 GiB\); the largest configuration that would work is num_ctx 16384 with a \S+ cache, all on CPU$/,
      ),
    })
  })

  test('layers that a GPU has no room for are refused with its name', async () => {
    await expect(plannerOf(oneCard(), LLAMA_70B)({ gpuLayers: 99 })).rejects.toMatchObject({
      code: 'does_not_fit',
      message: expect.stringMatching(
        /^model requires more memory on CUDA0 \(4\d\.\d GiB\) than is available/,
      ),
    })
  })

  test('a model that nothing is known of is loaded as asked, if its weights have room', async () => {
    const planner = createLoadPlanner({
      readMachine: machineNow(noGpu(16)),
      settings: { kvCacheType: 'auto' },
      installedFacts: async () => undefined,
    })
    const wish = { model: installedModel('strange'), plan: EMPTY_PLAN }
    const planned = await planner.plan(wish, { staying: {}, loading: {}, leaving: {} })
    expect(planned.plan).toMatchObject({ contextLength: 4096, gpuLayers: -1 })
    expect(planned.fit).toBeUndefined()
  })
})
