import { expect, test } from 'vitest'
import { loadPlanFor, optionsFor } from '../../engine/load-plan.ts'
import { openModelStore } from '../../engine/store/models.ts'
import { TEST_SETTINGS } from '../helpers/app.ts'
import { installFixtures, tempFolder } from '../helpers/fixtures.ts'
import { recordingLog } from '../helpers/store.ts'

async function planOf(change: Partial<typeof TEST_SETTINGS>, name: 'tiny' | 'bert' = 'tiny') {
  const folder = await tempFolder()
  await installFixtures(folder, [name])
  const store = await openModelStore({ folder, log: recordingLog(), noPrune: true })
  const model = await store.find(name)
  const settings = { ...TEST_SETTINGS, ...change }
  const plan = loadPlanFor({ model }, optionsFor({ model, options: {} }, settings), settings)
  return { plan, facts: model.facts }
}

test('a plan says what the model needs of memory, so that slots can be chosen by what is free', async () => {
  const { plan, facts } = await planOf({ parallel: 0, kvCacheType: 'q8_0' })
  expect(plan.slots).toBe(0)
  expect(plan.memory?.weightsBytes).toBe(facts?.tensorBytes)
  const { kvHeads = [], keyLength = 0, valueLength = 0 } = facts ?? {}
  const heads = kvHeads.reduce((sum, count) => sum + count, 0)
  expect(heads * keyLength * valueLength).toBeGreaterThan(0)
  expect(plan.memory?.kvBytesPerToken).toBe((heads * (keyLength + valueLength) * 34) / 32)
})

test('an embedding model has one slot, whatever was asked for', async () => {
  expect((await planOf({ parallel: 0 }, 'bert')).plan.slots).toBe(1)
  expect((await planOf({ parallel: 8 }, 'bert')).plan.slots).toBe(1)
})

test('tokens are computed ahead unless the operator says no', async () => {
  expect((await planOf({})).plan).not.toHaveProperty('speculation')
  expect((await planOf({ speculation: 'auto' })).plan).not.toHaveProperty('speculation')
  expect((await planOf({ speculation: 'off' })).plan.speculation).toBe('off')
})

test('what the operator decides of placement is in every plan', async () => {
  const placement = { mlock: true, numa: 'isolate', tensorSplit: [3, 1], cpuExpertLayers: 'all' } as const
  expect((await planOf({ placement })).plan).toMatchObject(placement)
})
