import { describe, expect, test } from 'vitest'
import type { LoadPlan } from '../../../engine/backend.ts'
import { EngineError } from '../../../engine/errors.ts'
import { UNOCCUPIED } from '../../../engine/planning/memory-left.ts'
import { createPlannedLoading } from '../../../engine/planning/planned-loading.ts'
import { installedModel } from '../../helpers/installed-model.ts'
import { CARDS, cards, GIB, machineWith } from '../../helpers/machines.ts'
import { EMPTY_PLAN, loadPlannerOf } from '../../helpers/planning.ts'
import { ScriptedBackend } from '../../helpers/scripted-backend.ts'
import { recordingLog } from '../../helpers/store.ts'

const FULL =
  'unable to load model: ggml_gallocr_reserve_n: failed to allocate CUDA0 buffer of size 1383203328'
const machine = machineWith(cards(1, 'RTX 4090', CARDS.rtx4090), { gibibytes: 64, dataSheet: 89.6 })

/** A backend whose loads fail with these messages, one after the other, and then succeed. */
function setup(
  failures: readonly string[],
  wish: Partial<LoadPlan> = {},
  name = 'llama3.1:70b',
  on = machine,
  occupancy = UNOCCUPIED,
) {
  const left = [...failures]
  const inner = new ScriptedBackend()
  const failing = {
    plans: [] as LoadPlan[],
    load: (...args: Parameters<ScriptedBackend['load']>) => {
      failing.plans.push(args[0])
      const message = left.shift()
      return message === undefined
        ? inner.load(...args)
        : Promise.reject(new EngineError('load_failed', message))
    },
  }
  const planner = loadPlannerOf(on, [name, 'Q4_K_M'])
  const planned = createPlannedLoading(failing, planner, recordingLog())
  const load = async () => {
    const asked = { model: installedModel('model'), plan: { ...EMPTY_PLAN, ...wish } }
    const { plan } = await planned.planner.plan(asked, occupancy)
    return planned.load(plan, new AbortController().signal, () => {})
  }
  return { load, plans: failing.plans, plannedFor: planned.plannedFor }
}

describe('a load that finds less memory than was promised', () => {
  test('puts less on the device that was named', async () => {
    const { load, plans, plannedFor } = setup([FULL])
    const runner = await load()
    expect(plans).toHaveLength(2)
    expect(plans[1]?.gpuLayers).toBeLessThan(plans[0]?.gpuLayers ?? 0)
    expect(plannedFor(runner)?.plan).toBe(plans[1])
  })

  test('is planned anew twice, then the context gets shorter step by step', async () => {
    const { load, plans } = setup([FULL, FULL, FULL, FULL], {}, 'llama3.1:8b')
    await load()
    expect(plans.map(({ contextLength }) => contextLength)).toEqual([32_768, 32_768, 32_768, 16_384, 8192])
  })

  test('keeps a context that somebody asked for, and says what was tried', async () => {
    const failures = Array.from({ length: 20 }, () => FULL)
    const { load, plans } = setup(failures, { contextLength: 10_000 })
    await expect(load()).rejects.toMatchObject({
      code: 'load_failed',
      message: expect.stringMatching(
        /buffer of size 1383203328; counting on less memory did not help, .* num_ctx 8192/,
      ),
    })
    expect(plans.map(({ contextLength }) => contextLength)).toEqual([10_000, 10_000, 10_000])
  })
})

test('a load that fails for another reason fails at once', async () => {
  const { load, plans } = setup(['unable to load model: unknown model architecture'])
  await expect(load()).rejects.toThrow('unknown model architecture')
  expect(plans).toHaveLength(1)
})

test('a cache type that was chosen and that attention cannot read gives way to f16', async () => {
  const small = machineWith([], { gibibytes: 10.4, dataSheet: 89.6 })
  const failure = 'failed to create context: llama_init_from_model: V cache quantization requires flash_attn'
  const { load, plans } = setup([failure], {}, 'llama3.1:8b', small)
  await load()
  expect(plans.map(({ kvCacheType }) => kvCacheType)).toEqual(['q8_0', 'f16'])
})

test('a load that is planned anew counts on nobody who was to leave: what they held is free already, or is not', async () => {
  const full = { ...machine, devices: machine.devices.map((device) => ({ ...device, freeBytes: 2 * GIB })) }
  const { load, plans } = setup([FULL], {}, 'llama3.1:8b', full, {
    ...UNOCCUPIED,
    leaving: { CUDA0: 20 * GIB },
  })
  await load()
  expect(plans[0]?.gpuLayers).toBe(33)
  expect(plans[1]?.gpuLayers).toBeLessThan(10)
})
