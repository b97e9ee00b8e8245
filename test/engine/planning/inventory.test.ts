import { expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import type { EngineBuild } from '../../../engine/hardware/reconcile.ts'
import { createInventory } from '../../../engine/planning/inventory.ts'
import { GIB, recorded } from '../hardware/recorded.ts'

const build = async (): Promise<EngineBuild> => ({
  platform: 'linux',
  architecture: 'x64',
  backends: ['cuda'],
})
const GPU = { name: 'CUDA0', description: 'NVIDIA L4', totalBytes: 22 * GIB, freeBytes: 21 * GIB }

test('callers at the same time share one look at the machine', async () => {
  let asked = 0
  const engineDevices = async () => {
    asked++
    return [GPU]
  }
  const inventory = createInventory({ readers: recorded({}), build, engineDevices })
  const [one, other] = await Promise.all([inventory(), inventory()])
  expect(one).toBe(other)
  expect(await inventory()).toBe(one)
  expect(asked).toBe(1)
})

test('a driver that is loaded after the start is found by the node of its device', async () => {
  const files: Record<string, string> = { '/dev/null': '' }
  const devices = [] as (typeof GPU)[]
  const inventory = createInventory({
    readers: recorded({ files }),
    build,
    engineDevices: async () => devices,
  })
  expect((await inventory()).cpuReason).toBe('no GPU was found')
  devices.push(GPU)
  expect((await inventory()).cpuReason).toBe('no GPU was found')
  files['/dev/nvidia0'] = ''
  expect(await inventory()).toMatchObject({ gpus: [{ engineName: 'CUDA0' }] })
})

test('an engine that cannot be asked is the reason, until it can be', async () => {
  let failure: Error | undefined = new EngineError('load_failed', 'no llama.cpp library for linux x64')
  let now = 0
  const engineDevices = async () => {
    if (failure !== undefined) throw failure
    return [GPU]
  }
  const inventory = createInventory({ readers: recorded({}), build, engineDevices, now: () => now })
  expect(await inventory()).toMatchObject({ gpus: [], cpuReason: 'no llama.cpp library for linux x64' })
  failure = new Error('odd')
  now = 31_000
  expect((await inventory()).cpuReason).toBe('the engine does not tell its devices: odd')
  failure = undefined
  now = 32_000
  expect((await inventory()).gpus).toEqual([])
  now = 62_000
  expect((await inventory()).cpuReason).toBeUndefined()
})
