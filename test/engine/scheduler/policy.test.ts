import { expect, test } from 'vitest'
import type { LoadPlan } from '../../../engine/backend.ts'
import { needsReload, victimAmong } from '../../../engine/scheduler/policy.ts'

const plan: LoadPlan = {
  weightsPath: '/m',
  adapterPaths: [],
  slots: 1,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  contextLength: 4096,
  batchTokens: 512,
  gpuLayers: 10,
  mainGpu: undefined,
  mmap: undefined,
  threads: 2,
}

test.each([
  ['the same options', {}, false],
  ['another context length', { contextLength: 2048 }, true],
  ['another batch size', { batchTokens: 256 }, true],
  ['another number of layers on the GPU', { gpuLayers: 5 }, true],
  ['an automatic number of layers', { gpuLayers: -1 }, false],
  ['a GPU where none was named', { mainGpu: 1 }, true],
  ['another thread count', { threads: 4 }, true],
  ['an automatic thread count', { threads: 0 }, false],
] as const)('ollama 161: reload for %s', (_name, change, expected) => {
  expect(needsReload(plan, { ...plan, ...change })).toBe(expected)
})

const candidate = (key: string, keepAliveMs: number, users = 0) => ({ key, plan, keepAliveMs, users })

test.each([
  ['the shortest keep-alive', [candidate('a', 9), candidate('b', 1), candidate('c', Infinity)], 'b'],
  ['an idle one before a busy one', [candidate('a', 1, 1), candidate('b', 9)], 'b'],
  [
    'the first path among those that stay for ever',
    [candidate('b', Infinity), candidate('a', Infinity)],
    'a',
  ],
  ['nobody when nobody is there', [], undefined],
] as const)('ollama 165: %s leaves first', (_name, candidates, expected) => {
  expect(victimAmong(candidates)?.key).toBe(expected)
})
