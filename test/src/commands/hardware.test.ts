import { readdir } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import type { Hardware } from '../../../engine/hardware/types.ts'
import { hardwareText } from '../../../src/commands/hardware.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { snug } from '../spawned.ts'

const GIB = 2 ** 30

test('snug hardware --json gives programs all of it, and says why models run on the processor', async () => {
  const command = snug(['hardware', '--json'], { CUDA_VISIBLE_DEVICES: '' })
  expect(await command.ended).toBe(0)
  const hardware = JSON.parse(command.stdout()) as Hardware
  expect(hardware.ram.availableBytes).toBeGreaterThan(0)
  expect(hardware.cpu.physicalCores).toBeGreaterThan(0)
  expect(hardware.ram.bandwidth?.gbPerSecond).toBeGreaterThan(0.5)
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
    cpuSpeed: { bytesPerSecond: { Q8_0: 7.24e9, Q4_K: 5e9 }, layerSeconds: 23e-6, expertLayerSeconds: 0 },
    notes: ['no AMD GPU'],
  })
  expect(text.split('\n')).toEqual([
    'GPU        NAME              MEMORY                     BANDWIDTH',
    'cuda0      NVIDIA L4         22.5 GiB, 20.0 GiB free    300 GB/s              compute 8.9, hidden by CUDA_VISIBLE_DEVICES',
    'vulkan0    Intel graphics    unknown                    60 GB/s at a guess',
    '',
    'processor    AMD EPYC (x64); 8 cores, 16 threads, limited to 2 of them; avx2',
    'memory       64.0 GiB, 40.0 GiB available; 23 GB/s measured',
    'weights      Q8_0 7.2, Q4_K 5.0 GB/s; 23 µs a layer',
    '',
    '- no AMD GPU',
    '',
  ])
})

test('a calibration that is interrupted leaves nothing behind', async () => {
  const folder = await tempFolder()
  const command = snug(['hardware', '--calibrate'], { OLLAMA_MODELS: folder, TMPDIR: folder })
  await vi.waitFor(() => expect(command.stderr()).toContain('measuring the processor'), 20_000)
  command.process.kill('SIGINT')
  expect(await command.ended).toBe(130)
  expect(await readdir(folder)).not.toContain('snug-cpu-speed.json')
  expect((await readdir(folder)).filter((name) => name.startsWith('snug-calibration'))).toEqual([])
}, 60_000)
