import { expect, test } from 'vitest'
import type { BufferSize } from '../../../engine/backend.ts'
import {
  addBuffer,
  countedOnce,
  isHostBuffer,
  parseBufferSize,
  totalBytes,
} from '../../../engine/llama/buffers.ts'

const MiB = 1024 * 1024

test.each([
  ['load_tensors:   CPU_Mapped model buffer size =     5.75 MiB', 'CPU_Mapped', 'weights', 5.75],
  ['load_tensors:        CUDA0 model buffer size =  4155.99 MiB', 'CUDA0', 'weights', 4155.99],
  ['llama_kv_cache:        CPU KV buffer size =   128.00 MiB', 'CPU', 'kv', 128],
  ['llama_memory_recurrent:      CUDA0 RS buffer size =     2.50 MiB', 'CUDA0', 'kv', 2.5],
  ['llama_adapter_lora_init_impl:        CPU LoRA buffer size =     0.25 MiB', 'CPU', 'weights', 0.25],
  ['sched_reserve:        CPU compute buffer size =   300.75 MiB', 'CPU', 'compute', 300.75],
  ['llama_context:  CUDA_Host  output buffer size =     0.58 MiB', 'CUDA_Host', 'output', 0.58],
] as const)('reads %s', (line, device, kind, mebibytes) => {
  expect(parseBufferSize(line)).toEqual({ device, kind, bytes: Math.round(mebibytes * MiB) })
})

test('other log lines are not buffer sizes', () => {
  expect(parseBufferSize('llama_context: n_ctx = 4096')).toBeUndefined()
})

test('parts of a kind add up by device, and a compute buffer that is announced anew replaces the old one', () => {
  const buffers: BufferSize[] = []
  const add = (device: string, kind: BufferSize['kind'], bytes: number) =>
    addBuffer(buffers, { device, kind, bytes })
  // The two caches of a model with a sliding window, and two reservations of compute memory.
  add('CPU', 'kv', 10)
  add('CPU', 'kv', 5)
  add('CUDA0', 'kv', 1)
  add('CPU', 'compute', 100)
  add('CPU', 'compute', 80)
  expect(buffers).toEqual([
    { device: 'CPU', kind: 'kv', bytes: 15 },
    { device: 'CUDA0', kind: 'kv', bytes: 1 },
    { device: 'CPU', kind: 'compute', bytes: 80 },
  ])
})

test('memory that a driver pins on the host does not count as VRAM', () => {
  expect(['CPU', 'CPU_Mapped', 'CUDA_Host', 'CUDA0', 'Metal'].map(isHostBuffer)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
  const buffers = [
    { device: 'CPU_Mapped', kind: 'weights', bytes: 10 },
    { device: 'CUDA0', kind: 'kv', bytes: 5 },
    { device: 'CUDA_Host', kind: 'output', bytes: 1 },
  ] as const
  expect(totalBytes(buffers)).toEqual({ sizeBytes: 16, sizeVramBytes: 5 })
})

test('weights that the CPU keeps a copy of in another order count once', () => {
  const buffers: BufferSize[] = [
    { device: 'CPU_Mapped', kind: 'weights', bytes: 119 },
    { device: 'CPU_REPACK', kind: 'weights', bytes: 62 },
    { device: 'CPU', kind: 'kv', bytes: 96 },
  ]
  expect(countedOnce(buffers, 120).map(({ bytes }) => bytes)).toEqual([58, 62, 96])
})

test.each<[string, BufferSize]>([
  ['an adapter', { device: 'CPU', kind: 'weights', bytes: 5 }],
  ['weights on a GPU', { device: 'CUDA0', kind: 'weights', bytes: 60 }],
])('beside %s all that is mapped counts', (_, other) => {
  const buffers: BufferSize[] = [{ device: 'CPU_Mapped', kind: 'weights', bytes: 119 }, other]
  expect(countedOnce(buffers, 120)).toEqual(buffers)
})
