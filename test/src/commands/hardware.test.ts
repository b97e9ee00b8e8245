import { expect, test } from 'vitest'
import { hardwareText } from '../../../src/commands/hardware.ts'
import { snug } from '../spawned.ts'

const GIB = 2 ** 30

test('snug hardware --json gives programs all of it, and says why models run on the processor', async () => {
  const command = snug(['hardware', '--json'], { CUDA_VISIBLE_DEVICES: '' })
  expect(await command.ended).toBe(0)
  const hardware = JSON.parse(command.stdout())
  expect(hardware.ram.available_bytes).toBeGreaterThan(0)
  expect(hardware.cpu.physical_cores).toBeGreaterThan(0)
  expect(hardware.ram.bandwidth.gb_per_second).toBeGreaterThan(0.5)
  expect(hardware.devices.at(-1)).toMatchObject({ kind: 'cpu' })
}, 30_000)

test('people get a line a GPU, the machine and the notes', () => {
  const text = hardwareText({
    devices: [
      {
        kind: 'cuda',
        vendor: 'nvidia',
        index: 0,
        name: 'NVIDIA L4',
        isUnified: false,
        totalBytes: 22.5 * GIB,
        freeBytes: 20 * GIB,
        bandwidth: { gbPerSecond: 300, source: 'table' },
        computeCapability: '8.9',
        maskedBy: 'CUDA_VISIBLE_DEVICES',
      },
      {
        kind: 'vulkan',
        vendor: 'intel',
        index: 0,
        name: 'Intel graphics',
        isUnified: true,
        bandwidth: { gbPerSecond: 60, source: 'estimate' },
      },
      { kind: 'cpu', vendor: 'other', index: 0, name: 'AMD EPYC', isUnified: false },
    ],
    ram: {
      totalBytes: 64 * GIB,
      availableBytes: 40 * GIB,
      bandwidth: { gbPerSecond: 23.4, source: 'measured' },
    },
    cpu: {
      name: 'AMD EPYC',
      architecture: 'x64',
      physicalCores: 8,
      logicalCores: 16,
      quota: 2,
      numaNodes: [],
      features: ['avx2'],
    },
    notes: ['no AMD GPU'],
  })
  expect(text.split('\n')).toEqual([
    'GPU        NAME              MEMORY                     BANDWIDTH',
    'cuda0      NVIDIA L4         22.5 GiB, 20.0 GiB free    300 GB/s              compute 8.9, hidden by CUDA_VISIBLE_DEVICES',
    'vulkan0    Intel graphics    unknown                    60 GB/s at a guess',
    '',
    'processor    AMD EPYC (x64); 8 cores, 16 threads, limited to 2 of them; avx2',
    'memory       64.0 GiB, 40.0 GiB available; 23 GB/s measured',
    '',
    '- no AMD GPU',
    '',
  ])
})
