/** What the engine takes for tiny models of three kinds, against what is said of them beforehand. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BufferSize, LoadPlan } from '../../../engine/backend.ts'
import { layoutOf } from '../../../engine/fit/budget.ts'
import { cacheBytes } from '../../../engine/fit/cache.ts'
import { settingsFor } from '../../../engine/fit/candidates.ts'
import { cpuComputeBytes, outputBytes } from '../../../engine/fit/compute.ts'
import { headerFacts } from '../../../engine/fit/model-facts.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { writeHybridModel, writeWindowModel } from '../../helpers/random-forgetful-model.ts'
import { type ModelShape, SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { planFor, runnerFor } from '../../helpers/runner.ts'

/** Logs give mebibytes with two decimals, one line for each buffer. */
const ROUNDING = 4 * 0.005 * 2 ** 20
const SHAPE: ModelShape = {
  ...SHAPE_SMALL,
  layers: 4,
  heads: 2,
  vocabulary: 4096,
  contextLength: 32_768,
}

test.each<[string, (path: string, shape: ModelShape) => Promise<void>, Partial<LoadPlan>]>([
  ['attention to everything', writeRandomModel, { slots: 4, contextLength: 8192 }],
  ['an 8-bit cache', writeRandomModel, { slots: 2, contextLength: 4000, kvCacheType: 'q8_0' }],
  ['a sliding window', writeWindowModel, { slots: 3, contextLength: 8192 }],
  ['short convolutions', writeHybridModel, { slots: 2, contextLength: 16_384 }],
])('a model with %s takes the memory that is predicted', async (_, write, change) => {
  const path = join(await tempFolder(), 'model.gguf')
  await write(path, SHAPE)
  const plan = planFor(path, { batchTokens: 512, flashAttention: true, ...change })
  const offer = { name: 'm', fileType: 'Q8_0', source: 'installed', isNative: false } as const
  const facts = headerFacts(await readGgufFile(path), offer) ?? expect.unreachable('the header is enough')
  const settings = settingsFor(
    { sequences: plan.slots, stepTokens: plan.batchTokens },
    { contextLength: plan.contextLength, cacheType: plan.kvCacheType },
  )
  const layout = layoutOf(settings)
  const { info } = await runnerFor(plan)
  const taken = (...kinds: BufferSize['kind'][]) =>
    info.buffers.reduce((sum, { kind, bytes }) => sum + (kinds.includes(kind) ? bytes : 0), 0)
  const isNear = (bytes: number, expected = 0) => Math.abs(bytes - expected) <= ROUNDING
  expect(taken('weights')).toSatisfy((bytes: number) => isNear(bytes, facts.offers[0]?.weightBytes))
  expect(taken('kv')).toSatisfy((bytes: number) => isNear(bytes, cacheBytes(facts.hyperparameters, layout)))
  const compute =
    cpuComputeBytes(facts.hyperparameters, { layout, hasFlashAttention: true }) +
    outputBytes(facts.hyperparameters, plan.slots)
  // Tiny models are held to bytes: what is left is padding and inputs of a few values for each token.
  expect(Math.abs(taken('compute', 'output') - compute)).toBeLessThan(2 * 2 ** 20)
})
