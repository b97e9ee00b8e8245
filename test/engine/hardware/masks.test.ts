import { expect, test } from 'vitest'
import { applyMasks, oneapiSelects, visibleDevices } from '../../../engine/hardware/masks.ts'
import type { Device } from '../../../engine/hardware/types.ts'
import { HOSTILE } from './recorded.ts'

const gpu = (index: number, more: Partial<Device> = {}): Device => ({
  kind: 'cuda',
  vendor: 'nvidia',
  index,
  name: 'NVIDIA L4',
  isUnified: false,
  ...more,
})
const CARDS = [gpu(0, { uuid: 'GPU-aa11' }), gpu(1, { uuid: 'GPU-aa22' }), gpu(2, { uuid: 'GPU-bb33' })]

test.each<[string, number[]]>([
  ['0', [0]],
  ['2,0', [2, 0]],
  [' 1 , 2 ', [1, 2]],
  ['0,0', [0]],
  ['', []],
  ['-1', []],
  ['1,-1,2', [1]],
  ['7,1', []],
  ['none', []],
  ['GPU-bb', [2]],
  ['gpu-AA22', [1]],
  ['GPU-aa', []],
  ['GPU-aa11,GPU-cc', [0]],
  ['GPU-', []],
  ['0x1', []],
  ...HOSTILE.map((text): [string, number[]] => [text, []]),
])('the mask %.40j leaves %j', (mask, expected) => {
  expect(visibleDevices(CARDS, mask).map(({ index }) => index)).toEqual(expected)
})

test('a slice of a card is chosen by its UUID, and is the only one then', () => {
  const mig = ['MIG-one', 'MIG-two'].map((uuid) => ({ profile: '3g.40gb', uuid }))
  const { devices } = applyMasks([gpu(0, { uuid: 'GPU-aa11', mig }), gpu(1, { uuid: 'GPU-bb22' })], {
    CUDA_VISIBLE_DEVICES: 'MIG-two',
  })
  expect(devices[0]).toMatchObject({ mig: [{ uuid: 'MIG-two' }] })
  expect(devices.map(({ maskedBy }) => maskedBy)).toEqual([undefined, 'CUDA_VISIBLE_DEVICES'])
})

const rocm = (index: number) => gpu(index, { kind: 'rocm', vendor: 'amd', name: `AMD ${index}` })
test.each<[Record<string, string>, (string | undefined)[]]>([
  [{}, [undefined, undefined, undefined]],
  [{ HIP_VISIBLE_DEVICES: '1' }, ['HIP_VISIBLE_DEVICES', undefined, 'HIP_VISIBLE_DEVICES']],
  // HIP counts what ROCr left.
  [
    { ROCR_VISIBLE_DEVICES: '1,2', HIP_VISIBLE_DEVICES: '1' },
    ['ROCR_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', undefined],
  ],
  [{ CUDA_VISIBLE_DEVICES: '0' }, [undefined, 'CUDA_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES']],
  [
    { CUDA_VISIBLE_DEVICES: '0', HIP_VISIBLE_DEVICES: '2' },
    ['HIP_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', undefined],
  ],
  [{ GPU_DEVICE_ORDINAL: '' }, Array(3).fill('GPU_DEVICE_ORDINAL')],
])('ROCm under %j', (variables, expected) => {
  const { devices } = applyMasks([rocm(0), rocm(1), rocm(2)], variables)
  expect(devices.map(({ maskedBy }) => maskedBy)).toEqual(expected)
})

test('Vulkan counts in its own list; devices without a number there are left to the engine', () => {
  const vulkan = (vulkanIndex?: number) =>
    gpu(0, { kind: 'vulkan', vendor: 'amd', ...(vulkanIndex === undefined ? {} : { vulkanIndex }) })
  const { devices, notes } = applyMasks([vulkan(0), vulkan(3), vulkan()], { GGML_VK_VISIBLE_DEVICES: '3' })
  expect(devices.map(({ maskedBy }) => maskedBy)).toEqual(['GGML_VK_VISIBLE_DEVICES', undefined, undefined])
  expect(notes).toEqual([
    'GGML_VK_VISIBLE_DEVICES=3 cannot be applied without vulkaninfo: the engine applies it',
  ])
})

test('numbers are doubtful where cards differ, unless the order is that of the bus', () => {
  const mixed = [gpu(0), gpu(1, { name: 'NVIDIA H200' })]
  const doubt = (variables: Record<string, string>, devices = mixed) =>
    applyMasks(devices, variables).notes.length
  expect(doubt({ CUDA_VISIBLE_DEVICES: '1' })).toBe(1)
  expect(doubt({ CUDA_VISIBLE_DEVICES: '1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })).toBe(0)
  expect(doubt({ CUDA_VISIBLE_DEVICES: 'GPU-aa11' })).toBe(0)
  expect(doubt({ CUDA_VISIBLE_DEVICES: '1' }, CARDS)).toBe(0)
})

test.each<[string | undefined, number, boolean]>([
  [undefined, 0, true],
  ['', 0, true],
  ['level_zero:0', 0, true],
  ['level_zero:0', 1, false],
  ['level_zero:0,1', 1, true],
  ['*:gpu', 5, true],
  ['*:cpu', 0, false],
  ['opencl:*', 0, true],
  ['cuda:*', 0, false],
  ['!*:gpu', 0, false],
  ['!opencl:*', 0, true],
  ['level_zero:*;!*:1', 1, false],
  ['LEVEL_ZERO:GPU', 0, true],
  ['nonsense', 0, false],
])('ONEAPI_DEVICE_SELECTOR=%s leaves GPU %d: %s', (selector, index, expected) => {
  expect(oneapiSelects(selector, index)).toBe(expected)
})
