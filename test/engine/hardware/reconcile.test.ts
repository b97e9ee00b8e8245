import { expect, test } from 'vitest'
import {
  backendsAmong,
  type EngineBuild,
  type EngineDevice,
  reconcile,
} from '../../../engine/hardware/reconcile.ts'
import type { Device } from '../../../engine/hardware/types.ts'
import { GIB } from './recorded.ts'

const card = (name: string, more: Partial<Device> = {}): Device => ({
  kind: 'cuda',
  vendor: 'nvidia',
  index: 0,
  name,
  isUnified: false,
  ...more,
})
const TABLE = { gbPerSecond: 300, source: 'table' } as const
const L4 = card('NVIDIA L4', { totalBytes: 22 * GIB, uuid: 'GPU-1', driver: '570.1', bandwidth: TABLE })
const XTX = card('AMD Radeon RX 7900 XTX', { kind: 'vulkan', vendor: 'amd', totalBytes: 24 * GIB })
const CPU = card('AMD EPYC', { kind: 'cpu', vendor: 'other' })

const engine = (name: string, description: string, gib = 20): EngineDevice => ({
  name,
  description,
  totalBytes: gib * GIB,
  freeBytes: (gib - 1) * GIB,
})
const ENGINE_CPU = engine('CPU', 'AMD EPYC', 64)
const BUILD: EngineBuild = { platform: 'linux', architecture: 'x64', backends: ['cuda', 'vulkan'] }

test('the engine has the last word on memory, the probe on everything else', () => {
  const { gpus, cpuReason, notes } = reconcile(
    { devices: [L4, CPU] },
    [engine('CUDA0', 'NVIDIA L4'), ENGINE_CPU],
    BUILD,
  )
  expect(gpus).toEqual([{ ...L4, engineName: 'CUDA0', totalBytes: 20 * GIB, freeBytes: 19 * GIB }])
  expect({ cpuReason, notes }).toEqual({ cpuReason: undefined, notes: [] })
})

test('a device that no probe knew is used, with what the table says of its name', () => {
  const { gpus } = reconcile({ devices: [CPU] }, [engine('CUDA0', 'NVIDIA GeForce RTX 4090', 23.5)], BUILD)
  expect(gpus).toMatchObject([
    { engineName: 'CUDA0', kind: 'cuda', bandwidth: { gbPerSecond: 1008, source: 'table' } },
  ])
})

test('a card that a probe had only numbers for gets the name and the figures of the engine’s', () => {
  const numbers = { ...XTX, name: 'AMD GPU 1002:744c', pciId: '1002:744c' }
  const { gpus } = reconcile({ devices: [numbers] }, [engine('Vulkan0', 'AMD Radeon RX 7900 XTX', 24)], BUILD)
  expect(gpus).toMatchObject([
    { name: 'AMD Radeon RX 7900 XTX', bandwidth: { gbPerSecond: 960 }, vendor: 'amd' },
  ])
})

test('one card under two backends is used once, by the faster', () => {
  const { gpus, notes } = reconcile(
    { devices: [L4, XTX, CPU] },
    [
      engine('Vulkan0', 'NVIDIA L4'),
      engine('Vulkan1', 'AMD Radeon RX 7900 XTX (RADV NAVI31)', 24),
      engine('CUDA0', 'NVIDIA L4'),
      ENGINE_CPU,
    ],
    BUILD,
  )
  expect(gpus.map(({ engineName, name }) => [engineName, name])).toEqual([
    ['Vulkan1', 'AMD Radeon RX 7900 XTX'],
    ['CUDA0', 'NVIDIA L4'],
  ])
  expect(notes).toEqual(['Vulkan0 is the same card as CUDA0: it is used once'])
})

test('two cards of one make are two, also where Vulkan names them again', () => {
  const other = { ...L4, uuid: 'GPU-2', index: 1 }
  const devices = ['CUDA0', 'CUDA1', 'Vulkan0', 'Vulkan1'].map((name) => engine(name, 'NVIDIA L4'))
  const { gpus, notes } = reconcile({ devices: [L4, other] }, devices, BUILD)
  expect(gpus.map(({ engineName, uuid }) => [engineName, uuid])).toEqual([
    ['CUDA0', 'GPU-1'],
    ['CUDA1', 'GPU-2'],
  ])
  expect(notes).toHaveLength(2)
})

test('cards of one name and size are told apart by their places', () => {
  const at = (place: string) => ({ ...L4, uuid: `GPU-${place}`, pciAddress: `0000:${place}:00.0` })
  const devices = ['41', '01'].map((place, i) => ({
    ...engine(`CUDA${i}`, 'NVIDIA L4'),
    pciAddress: `0000:${place}:00.0`,
  }))
  const { gpus, unused } = reconcile({ devices: [at('01'), at('41'), at('81')] }, devices, BUILD)
  expect(gpus.map(({ uuid }) => uuid)).toEqual(['GPU-41', 'GPU-01'])
  expect(unused.map(({ uuid }) => uuid)).toEqual(['GPU-81'])
})

test('one place under two backends is one card, also where no probe found it', () => {
  const devices = ['Vulkan0', 'CUDA0'].map((name) => ({
    ...engine(name, 'NVIDIA L4'),
    pciAddress: '0000:01:00.0',
  }))
  const { gpus, notes } = reconcile({ devices: [CPU] }, devices, BUILD)
  expect(gpus).toMatchObject([{ engineName: 'CUDA0', pciAddress: '0000:01:00.0' }])
  expect(notes).toEqual(['Vulkan0 is the same card as CUDA0: it is used once'])
})

test('graphics in the processor are used where there is nothing else', () => {
  const graphics = { ...engine('Vulkan0', 'AMD Radeon Graphics'), type: 'integrated-gpu' as const }
  const { gpus } = reconcile({ devices: [CPU] }, [graphics, ENGINE_CPU], BUILD)
  expect(gpus).toMatchObject([{ engineName: 'Vulkan0', isUnified: true }])
})

test('a masked twin is not the one the engine shows', () => {
  const hidden = { ...L4, maskedBy: 'CUDA_VISIBLE_DEVICES' }
  const shown = { ...L4, uuid: 'GPU-2', index: 1 }
  const { gpus, notes } = reconcile({ devices: [hidden, shown] }, [engine('CUDA0', 'NVIDIA L4')], BUILD)
  expect(gpus.map(({ uuid }) => uuid)).toEqual(['GPU-2'])
  expect(notes).toEqual(['NVIDIA L4 is hidden by CUDA_VISIBLE_DEVICES'])
})

test.each<[string, Device[], Partial<EngineBuild>, string]>([
  ['no GPU', [], {}, 'no GPU was found'],
  [
    'the wrong package',
    [L4],
    { backends: [], packageVersion: '3.21.1' },
    'NVIDIA L4 is there, but the engine has no CUDA or Vulkan libraries: ' +
      'npm install @node-llama-cpp/linux-x64-cuda@3.21.1',
  ],
  [
    'the wrong package, for AMD on Windows',
    [XTX],
    { backends: [], platform: 'win32' },
    'AMD Radeon RX 7900 XTX is there, but the engine has no ROCm or Vulkan libraries: ' +
      'npm install @node-llama-cpp/win-x64-vulkan',
  ],
  [
    'a system without such a package',
    [L4],
    { backends: [], architecture: 'arm64' },
    'NVIDIA L4 is there, but the engine has no CUDA or Vulkan libraries: ' +
      'build llama.cpp with them and set SNUG_LIBRARY_DIR to their folder',
  ],
  [
    'a driver that does not fit',
    [L4],
    { backends: ['cuda'] },
    "NVIDIA L4 is there, but the engine's CUDA libraries found no device: its driver (570.1) may be too old",
  ],
  [
    'a mask',
    [{ ...L4, maskedBy: 'CUDA_VISIBLE_DEVICES' }],
    {},
    'NVIDIA L4 is hidden by CUDA_VISIBLE_DEVICES',
  ],
  ['a card split into nothing', [{ ...L4, mig: [] }], {}, 'NVIDIA L4 is in MIG mode without slices'],
  [
    'graphics in the processor',
    [{ ...XTX, name: 'AMD Radeon 780M', isUnified: true }],
    { backends: ['vulkan'] },
    'AMD Radeon 780M is part of the processor, and left alone',
  ],
])('models run on the processor because of %s', (_what, devices, build, reason) => {
  const { gpus, cpuReason } = reconcile({ devices: [...devices, CPU] }, [ENGINE_CPU], { ...BUILD, ...build })
  expect({ gpus, cpuReason }).toEqual({ gpus: [], cpuReason: reason })
})

test.each([
  [['libggml-base.so', 'libggml-cpu-x64.so'], []],
  [['libggml-cuda.so', 'libggml.so'], ['cuda']],
  [
    ['ggml-vulkan.dll', 'ggml-cuda.dll'],
    ['cuda', 'vulkan'],
  ],
  [['libggml-metal.dylib'], ['metal']],
  [['libggml-hip.so'], ['rocm']],
])('the libraries %j have the backends %j', (files, expected) => {
  expect(backendsAmong(files)).toEqual(expected)
})
