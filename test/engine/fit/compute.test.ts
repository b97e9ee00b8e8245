import { expect, test } from 'vitest'
import { type Architecture, hyperparametersFrom } from '../../../engine/fit/architecture.ts'
import { type CacheLayout, cacheBytes } from '../../../engine/fit/cache.ts'
import {
  COMPUTE_RESERVE,
  cpuComputeBytes,
  deviceComputeBytes,
  hostComputeBytes,
  outputBytes,
} from '../../../engine/fit/compute.ts'
import {
  DEEPSEEK_V3,
  GEMMA_3_27B,
  GPT_OSS_20B,
  LLAMA_8B,
  QWEN_3_NEXT,
  QWEN_72B,
} from '../../helpers/architectures.ts'

const MIB = 2 ** 20
const LAYOUT: CacheLayout = {
  contextLength: 8192,
  sequences: 1,
  isUnified: true,
  stepTokens: 512,
  keyType: 'f16',
  valueType: 'f16',
}

/** MiB that llama.cpp reserves at 8192 tokens: cache, then compute on device and host, with flash attention and without. */
test.each<[string, Architecture, number, [number, number], [number, number]]>([
  ['Llama 3.1 8B', LLAMA_8B, 1024, [258, 24], [564, 36]],
  ['Qwen2.5 72B', QWEN_72B, 2560, [313, 40], [1108, 52]],
  ['Gemma 3 27B', GEMMA_3_27B, 1264, [522, 30], [584, 56]],
  ['gpt-oss 20B', GPT_OSS_20B, 210, [404, 20], [1072, 32]],
  ['DeepSeek-V3', DEEPSEEK_V3, 549, [386, 36], [2442, 44]],
  ['Qwen3-Next', QWEN_3_NEXT, 267, [308, 16], [310, 26]],
])('%s needs about the memory that llama.cpp reserves', (_, architecture, cache, ...compute) => {
  const model = hyperparametersFrom(architecture)
  expect(Math.floor(cacheBytes(model, LAYOUT) / MIB)).toBe(cache)
  for (const [i, [device, host]] of compute.entries()) {
    const settings = { layout: LAYOUT, hasFlashAttention: i === 0 }
    const computed = deviceComputeBytes(model, settings) / MIB
    expect(computed).toBeGreaterThan(device * 0.83)
    expect(computed).toBeLessThan(device * 1.1)
    expect(computed * COMPUTE_RESERVE).toBeGreaterThanOrEqual(device)
    expect(Math.floor(hostComputeBytes(model, settings) / MIB)).toBe(host)
  }
})

const llama = hyperparametersFrom(LLAMA_8B)
const settings = { layout: LAYOUT, hasFlashAttention: true }

test('only the device with the output holds logits', () => {
  const [with_, without] = [true, false].map((hasOutput) =>
    deviceComputeBytes(llama, settings, { hasOutput }),
  )
  expect(with_).toBe(4 * 512 * (128_256 + 4096))
  expect(without).toBe(4 * 512 * (3 * 14_336 + 3 * 4096) + 2 * 512 * 8192)
})

test('a pipeline over several devices keeps three more copies of the masks', () => {
  const pipelined = deviceComputeBytes(llama, { ...settings, isPipelined: true })
  expect(pipelined - deviceComputeBytes(llama, settings)).toBe(3 * 2 * 512 * 8192)
})

test('a context shorter than a step makes the step shorter', () => {
  const layout = { ...LAYOUT, contextLength: 256 }
  expect(deviceComputeBytes(llama, { layout, hasFlashAttention: true })).toBe(4 * 256 * (128_256 + 4096))
})

test('every sequence has a row of logits', () => {
  expect(outputBytes(llama, 4)).toBe(4 * 4 * 128_256)
})

test('without a device the embeddings of a step lie in the same buffer as everything else', () => {
  expect(cpuComputeBytes(llama, settings)).toBe(4 * 512 * (128_256 + 2 * 4096))
})
