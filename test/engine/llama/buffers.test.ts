import { expect, test } from 'vitest'
import { isHostBuffer, parseBufferSize } from '../../../engine/llama/buffers.ts'
import { totalBytes } from '../../../engine/llama/native-model.ts'

const MiB = 1024 * 1024

test.each([
  ['load_tensors:   CPU_Mapped model buffer size =     5.75 MiB', 'CPU_Mapped', 'weights', 5.75],
  ['load_tensors:        CUDA0 model buffer size =  4155.99 MiB', 'CUDA0', 'weights', 4155.99],
  ['llama_kv_cache:        CPU KV buffer size =   128.00 MiB', 'CPU', 'kv', 128],
  ['llama_memory_recurrent:      CUDA0 RS buffer size =     2.50 MiB', 'CUDA0', 'kv', 2.5],
  ['sched_reserve:        CPU compute buffer size =   300.75 MiB', 'CPU', 'compute', 300.75],
  ['llama_context:  CUDA_Host  output buffer size =     0.58 MiB', 'CUDA_Host', 'output', 0.58],
] as const)('reads %s', (line, device, kind, mebibytes) => {
  expect(parseBufferSize(line)).toEqual({ device, kind, bytes: Math.round(mebibytes * MiB) })
})

test('other log lines are not buffer sizes', () => {
  expect(parseBufferSize('llama_context: n_ctx = 4096')).toBeUndefined()
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
