import { expect, test } from 'vitest'
import { KNOWN_DEVICES, knownDevice, SOURCES, withTableFacts } from '../../../engine/hardware/device-table.ts'
import { GIB, HOSTILE } from './recorded.ts'

test.each(KNOWN_DEVICES.map((device) => [device.id, device] as const))(
  'the row of %s makes sense',
  (_id, device) => {
    expect(device.gbPerSecond).toBeGreaterThan(50)
    expect(device.gbPerSecond).toBeLessThanOrEqual(8000)
    expect(device.gigabytes.length).toBeGreaterThan(0)
    for (const size of device.gigabytes) expect(size).toBeGreaterThanOrEqual(3)
    for (const flops of [device.fp16Tflops ?? 1, device.bf16Tflops ?? 1]) expect(flops).toBeGreaterThan(0.5)
    expect(device.class).toMatch(
      /^(nvidia-(gddr|hbm|unified)|amd-(gddr|hbm|unified)|intel-gddr|apple(-m1|-ultra)?|none)$/,
    )
    expect(SOURCES).toHaveProperty(device.source)
    expect(KNOWN_DEVICES.filter(({ id }) => id === device.id)).toHaveLength(1)
    // No other row claims the name under which this one is sold.
    if (!device.name.includes('(')) expect(knownDevice(device.name)?.id ?? device.id).toBe(device.id)
  },
)

test.each([
  // As nvidia-smi prints them.
  ['NVIDIA H200', 'h200', 4800],
  ['NVIDIA H100 80GB HBM3', 'h100-sxm', 3350],
  ['NVIDIA H100 PCIe', 'h100-pcie', 2000],
  ['NVIDIA B200', 'b200', 8000],
  ['NVIDIA A100-SXM4-80GB', 'a100-sxm-80', 2039],
  ['NVIDIA A100 80GB PCIe', 'a100-pcie-80', 1935],
  ['NVIDIA A100-PCIE-40GB', 'a100-40', 1555],
  ['NVIDIA L40S', 'l40s', 864],
  ['NVIDIA L40', 'l40', 864],
  ['NVIDIA L4', 'l4', 300],
  ['Tesla T4', 't4', 320],
  ['Tesla V100-SXM2-16GB', 'v100', 900],
  ['NVIDIA A10G', 'a10g', 600],
  ['NVIDIA RTX A4000', 'rtx-a4000', 448],
  ['NVIDIA RTX PRO 6000 Blackwell Workstation Edition', 'rtx-pro-6000', 1792],
  ['NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition', 'rtx-pro-6000', 1792],
  ['NVIDIA RTX 6000 Ada Generation', 'rtx-6000-ada', 960],
  ['NVIDIA GeForce RTX 5090', 'rtx-5090', 1792],
  ['NVIDIA GeForce RTX 4090', 'rtx-4090', 1008],
  ['NVIDIA GeForce RTX 4090 Laptop GPU', 'rtx-4090-laptop', 576],
  ['NVIDIA GeForce RTX 4070 Ti SUPER', 'rtx-4070-ti-super', 672],
  ['NVIDIA GeForce RTX 4070 Ti', 'rtx-4070-ti', 504],
  ['NVIDIA GeForce RTX 4070 SUPER', 'rtx-4070-super', 504],
  ['NVIDIA GeForce RTX 3060', 'rtx-3060', 360],
  ['NVIDIA GB10', 'gb10', 273],
  // As amdgpu.ids, Vulkan and the engine do.
  ['AMD Radeon RX 7900 XTX', 'rx-7900-xtx', 960],
  ['AMD Radeon RX 7900 XTX (RADV NAVI31)', 'rx-7900-xtx', 960],
  ['AMD Radeon RX 7900 XT', 'rx-7900-xt', 800],
  ['AMD Instinct MI300X', 'mi300x', 5300],
  ['AMD Instinct MI250X', 'mi250', 1638],
  ['Radeon 8060S Graphics', 'strix-halo', 256],
  ['AMD Radeon Graphics (RADV STRIX_HALO)', 'strix-halo', 256],
  ['Intel(R) Arc(TM) A770 Graphics', 'arc-a770', 560],
  ['Intel(R) Arc(tm) B580 Graphics (BMG G21)', 'arc-b580', 456],
  // As sysctl does.
  ['Apple M1', 'apple-m1', 68],
  ['Apple M2 Ultra', 'apple-m2-ultra', 800],
  ['Apple M3 Ultra', 'apple-m3-ultra', 819],
  ['Apple M4 Max', 'apple-m4-max', 546],
  ['TPU v5p', 'tpu-v5p', 2765],
])('%s is known', (name, id, gbPerSecond) => {
  expect(knownDevice(name)).toMatchObject({ id, gbPerSecond })
})

test.each([
  'NVIDIA GeForce RTX 5090 D',
  'NVIDIA GeForce RTX 3070 Laptop GPU',
  'NVIDIA GeForce RTX 3080 Ti Laptop GPU',
  'NVIDIA RTX PRO 5000 Blackwell Generation Laptop GPU',
  'AMD Radeon Graphics',
  'AMD Radeon RX 7600S',
  'AMD Radeon RX 7600M XT',
  'llvmpipe (LLVM 19.1.0, 256 bits)',
  'Apple M9',
  ...HOSTILE,
])('%.60j is not taken for another device', (name) => {
  expect(knownDevice(name)).toBeUndefined()
})

const gpu = { kind: 'cuda', vendor: 'nvidia', index: 0, isUnified: false } as const
test.each([
  ['the size that is known', 'NVIDIA GeForce RTX 3060', 12_288, 360, 'table'],
  ['a size with a bus of its own', 'NVIDIA GeForce RTX 3060', 8192, 250, 'estimate'],
  ['less memory because of error correction', 'NVIDIA A10G', 23_028, 600, 'table'],
  ['a large card that nobody knows', 'NVIDIA X', 49_152, 700, 'estimate'],
  ['one of middle size', 'NVIDIA X', 12_288, 400, 'estimate'],
])('bandwidth of %s', (_what, name, mib, gbPerSecond, source) => {
  expect(withTableFacts({ ...gpu, name, totalBytes: mib * 2 ** 20 }).bandwidth).toEqual({
    gbPerSecond,
    source,
  })
})

test('what is no device of llama.cpp lends its figures to none', () => {
  expect(withTableFacts({ ...gpu, name: 'Gaudi 3', totalBytes: 128 * GIB })).not.toHaveProperty('class')
})

test('the figure of a driver gives way to the table only', () => {
  const bandwidth = { gbPerSecond: 959, source: 'driver' } as const
  expect(withTableFacts({ ...gpu, name: 'AMD X', bandwidth }).bandwidth).toEqual(bandwidth)
  const known = withTableFacts({ ...gpu, name: 'AMD Radeon RX 7900 XTX', bandwidth })
  expect(known).toMatchObject({ bandwidth: { gbPerSecond: 960, source: 'table' }, class: 'amd-gddr' })
})
