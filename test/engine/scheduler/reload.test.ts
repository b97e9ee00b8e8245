import { expect, test } from 'vitest'
import { coalesced, reloadField } from '../../../engine/scheduler/reload.ts'
import { planOf } from './setup.ts'

const plan = planOf('/m', { gpuLayers: 10, threads: 2 })
const loaded = { plan, asked: plan, autoContext: undefined }

test.each([
  ['the same options', {}, undefined],
  ['a longer context', { contextLength: 8192 }, 'contextLength'],
  ['a shorter context', { contextLength: 2048 }, undefined],
  ['another batch size', { batchTokens: 256 }, 'batchTokens'],
  ['another number of layers on the GPU', { gpuLayers: 5 }, 'gpuLayers'],
  ['an automatic number of layers', { gpuLayers: -1 }, undefined],
  ['a GPU where none was named', { mainGpu: 1 }, 'mainGpu'],
  ['another way of reading weights', { mmap: false }, 'mmap'],
  ['another thread count', { threads: 4 }, 'threads'],
  ['an automatic thread count', { threads: 0 }, undefined],
] as const)('ollama 161: what %s reloads', (_name, change, expected) => {
  expect(reloadField(loaded, { ...plan, ...change })).toBe(expected)
})

const planned = (asked: number, got: number, autoContext?: number) => ({
  plan: { ...plan, contextLength: got },
  asked: { ...plan, contextLength: asked },
  autoContext,
})

test.each([
  ['an automatic context on an automatic one', planned(0, 8192), 0, undefined],
  ['an automatic context on a named one of unknown merit', planned(4096, 4096), 0, 'contextLength'],
  ['an automatic context on one that is long enough', planned(16_384, 16_384, 8192), 0, undefined],
  ['an automatic context on one that is too short', planned(4096, 4096, 8192), 0, 'contextLength'],
  ['a named context within the automatic one', planned(0, 8192), 8000, undefined],
  ['a named context beyond the automatic one', planned(0, 8192), 8193, 'contextLength'],
  ['a context that was asked for before and not given', planned(16_384, 8192), 16_384, undefined],
])('%s', (_name, as, contextLength, expected) => {
  expect(reloadField(as, { ...plan, contextLength })).toBe(expected)
})

test('one load is for the longest context of all who differ in nothing else', () => {
  const others = [
    { ...plan, contextLength: 16_384 },
    { ...plan, contextLength: 65_536, batchTokens: 64 },
    { ...plan, contextLength: 0 },
  ]
  expect(coalesced(plan, others).contextLength).toBe(16_384)
  expect(coalesced({ ...plan, contextLength: 0 }, others).contextLength).toBe(0)
})
