import { expect, test } from 'vitest'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { decide, decision } from '../../../engine/fit/decide.ts'
import { inSlices } from '../../../engine/planning/in-slices.ts'
import { libraryFacts } from '../../../engine/planning/targets/library.ts'
import { CARDS, cards, machineWith } from '../../helpers/machines.ts'

/** Longer than a slice. */
const LONG_MS = 15

/** Work of so many steps, each longer than a slice. */
function* longWork(steps: number, done: (step: number) => void = () => {}) {
  for (let step = 1; step <= steps; step++) {
    const end = performance.now() + LONG_MS
    while (performance.now() < end);
    done(step)
    yield
  }
  return 'done'
}

test('others run between the slices of long work', async () => {
  const order: string[] = []
  const other = () => {
    order.push('other')
    if (order.length < 20) setImmediate(other)
  }
  setImmediate(other)
  await inSlices(longWork(3, (step) => order.push(`step ${step}`)))
  expect(order.indexOf('other')).toBeLessThan(order.indexOf('step 2'))
  expect(order.slice(order.indexOf('step 2'), order.indexOf('step 3'))).toContain('other')
})

test('work that nobody waits for any more ends', async () => {
  const stop = new AbortController()
  const reached: number[] = []
  const work = inSlices(
    longWork(100, (step) => {
      reached.push(step)
      stop.abort(new Error('gone'))
    }),
    stop.signal,
  )
  await expect(work).rejects.toThrow('gone')
  expect(reached).toEqual([1])
})

test('a decision in slices is the same, and rests after every quantization in every setting', async () => {
  const machine = machineWith(cards(16, 'RTX 4090', CARDS.rtx4090), { gibibytes: 256, dataSheet: 204.8 })
  const catalog = catalogModel('llama3.1:405b') ?? expect.unreachable()
  const model = await inSlices(libraryFacts(catalog))
  const plan = await inSlices(decision({ model, machine }))
  expect(plan).toEqual(decide({ model, machine }))
  let steps = 0
  const counted = decision({ model, machine })
  while (counted.next().done !== true) steps++
  expect(steps).toBeGreaterThanOrEqual(12 * (model.offers.length - 1) + model.offers.length)
})
