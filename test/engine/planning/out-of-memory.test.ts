import { expect, test } from 'vitest'
import { lacksFlashAttention, outOfMemoryIn } from '../../../engine/planning/out-of-memory.ts'

test.each([
  ['unable to load model: llama_model_load: error loading model: unable to allocate CUDA0 buffer', 'CUDA0'],
  [
    'failed to create context: graph_reserve: failed to allocate compute buffers: ggml_gallocr_reserve_n_impl: failed to allocate CUDA1 buffer of size 1383203328',
    'CUDA1',
  ],
  [
    'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 1319.13 MiB on device 2: cudaMalloc failed: out of memory',
    'CUDA2',
  ],
  ['allocating 10.00 MiB on device 0: hipMalloc failed: out of memory', 'ROCm0'],
  ['alloc_tensor_range: failed to allocate Vulkan0 buffer of size 4294967296', 'Vulkan0'],
  ['alloc_tensor_range: failed to allocate CUDA0_Split buffer of size 4294967296', 'CUDA0'],
  ['alloc_tensor_range: failed to allocate CUDA_Host buffer of size 12', 'RAM'],
  ['unable to load model: unable to allocate CPU_REPACK buffer', 'RAM'],
  ['ggml_aligned_malloc: insufficient memory (attempted to allocate 4096.00 MB)', undefined],
  ['unable to load model: mmap failed: Cannot allocate memory', undefined],
  ['failed to initialize the context: failed to allocate buffer for kv cache', undefined],
])('%s', (message, device) => {
  expect(outOfMemoryIn(message)).toEqual({ device })
})

test.each([
  'unable to load model: unknown model architecture: foo',
  'unable to load model: tensor blk.0.attn_q.weight has wrong shape',
  'failed to open /models/buffer of size 12',
])('no want of memory: %s', (message) => {
  expect(outOfMemoryIn(message)).toBeUndefined()
})

test('a quantized cache that attention cannot read is told apart', () => {
  expect(lacksFlashAttention('llama_init_from_model: V cache quantization requires flash_attn')).toBe(true)
  expect(lacksFlashAttention('unable to allocate CUDA0 buffer')).toBe(false)
})
