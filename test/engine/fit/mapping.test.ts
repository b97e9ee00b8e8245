import { expect, test } from 'vitest'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import type { Machine } from '../../../engine/fit/types.ts'
import { CARDS, cards, machineWith, macWith } from '../../helpers/machines.ts'

const gpu = (gibibytes: number) =>
  machineWith(cards(1, 'RTX 4090', CARDS.rtx4090), { gibibytes, dataSheet: 89.6 })

test.each<[string, Machine, boolean]>([
  ['on a GPU with ample main memory are mapped', gpu(64), true],
  ['on a GPU are read where main memory is short', gpu(12), false],
  ['on the CPU with ample main memory are mapped', machineWith([], { gibibytes: 64, dataSheet: 89.6 }), true],
  [
    'on the CPU are read where main memory is short',
    machineWith([], { gibibytes: 12.5, dataSheet: 89.6 }),
    false,
  ],
  ['on a Mac are mapped', macWith({ gibibytes: 64, cap: 48, gbPerSecond: 400 }), true],
])('weights %s', (_, machine, isMapped) => {
  const model = catalogModel('llama3.1:8b') ?? expect.unreachable('the model is unknown')
  const facts = catalogFacts(model, [{ name: 'it', fileType: 'Q4_K_M', source: 'installed' }])
  const plan = decide({ model: facts, machine }, { contextLength: 4096 })
  expect([plan.verdict, plan.mapsWeights]).toEqual(['fits', isMapped])
})
