import { expect, test } from 'vitest'
import { createFreeMemory } from '../../../engine/hardware/free-memory.ts'
import type { Device } from '../../../engine/hardware/types.ts'
import { GIB, recorded } from './recorded.ts'

const DEVICES: Device[] = [
  { kind: 'cuda', vendor: 'nvidia', index: 0, name: 'a', isUnified: false, uuid: 'GPU-aaaa' },
  { kind: 'cuda', vendor: 'nvidia', index: 1, name: 'b', isUnified: false, uuid: 'GPU-bbbb' },
  { kind: 'rocm', vendor: 'amd', index: 0, name: 'c', isUnified: false, pciAddress: '0000:03:00.0' },
  { kind: 'vulkan', vendor: 'intel', index: 0, name: 'd', isUnified: false },
  { kind: 'metal', vendor: 'apple', index: 0, name: 'e', isUnified: true, totalBytes: 10 * GIB },
  { kind: 'cpu', vendor: 'other', index: 0, name: 'f', isUnified: false },
]
const AMD = '/sys/bus/pci/devices/0000:03:00.0'

test('every device is asked in its own way; who does not tell is unknown', async () => {
  const readers = recorded({
    programs: { 'nvidia-smi': { '--query-gpu=uuid,memory.free': 'GPU-bbbb, 2048\n' } },
    files: { [`${AMD}/mem_info_vram_total`]: `${8 * GIB}`, [`${AMD}/mem_info_vram_used`]: `${GIB}` },
  })
  const { ram, freeBytes } = await createFreeMemory(readers, { devices: DEVICES })()
  expect(ram.availableBytes).toBe(48 * GIB)
  expect(freeBytes).toEqual([undefined, 2 * GIB, 7 * GIB, undefined, 10 * GIB, 48 * GIB])
})

test('nvidia-smi is run once for calls within half a second, also for those at the same time', async () => {
  const asked: string[] = []
  const readers = recorded({ programs: { 'nvidia-smi': { '--query-gpu': 'GPU-aaaa, 1\n' } } }, asked)
  let now = 0
  const freeMemory = createFreeMemory(readers, { devices: DEVICES.slice(0, 2) }, () => now)
  await Promise.all([freeMemory(), freeMemory()])
  now = 499
  await freeMemory()
  expect(asked).toHaveLength(1)
  now = 500
  await freeMemory()
  expect(asked).toHaveLength(2)
})

test('a driver that stops answering makes memory unknown, not as it was', async () => {
  const answers: Record<string, string> = { '--query-gpu': 'GPU-aaaa, 1\n' }
  let now = 0
  const readers = recorded({ programs: { 'nvidia-smi': answers } })
  const freeMemory = createFreeMemory(readers, { devices: DEVICES.slice(0, 1) }, () => now)
  expect((await freeMemory()).freeBytes).toEqual([2 ** 20])
  delete answers['--query-gpu']
  now = 1000
  expect((await freeMemory()).freeBytes).toEqual([undefined])
})
