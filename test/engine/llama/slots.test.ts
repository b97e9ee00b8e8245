import { expect, test } from 'vitest'
import { commonPrefix, emptySlot, placementFor, type Slot, type Task } from '../../../engine/llama/slots.ts'

const slot = (sequence: number, tokens: number[], lastUse: number, isBusy = false): Slot => ({
  ...emptySlot(sequence),
  tokens,
  lastUse,
  task: isBusy ? ({} as Task) : undefined,
})
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)

test('the common prefix ends at the first difference or the shorter end', () => {
  expect([commonPrefix([1, 2, 3], [1, 2, 4]), commonPrefix([1], [1, 2]), commonPrefix([], [1])]).toEqual([
    2, 1, 0,
  ])
})

const long = range(0, 100)
test.each([
  ['no slot is free', [slot(0, [], 1, true)], [1, 2], undefined],
  ['the slot with the longest prefix', [slot(0, [1], 1), slot(1, [1, 2], 2)], [1, 2, 3], [1, 1, 2]],
  ['the least recently used of equals', [slot(0, [9], 5), slot(1, [8], 2)], [1, 2], [1, 1, 0]],
  ['the last prompt token is never reused', [slot(0, [1, 2, 3], 1)], [1, 2, 3], [0, 0, 2]],
  ['a busy slot shares a long prefix', [slot(0, long, 1, true), slot(1, [7], 2)], [...long, 1], [1, 0, 100]],
  [
    'a short prefix is not worth sharing',
    [slot(0, [1, 2, 3], 1, true), slot(1, [1], 2)],
    [1, 2, 3, 4],
    [1, 1, 1],
  ],
] as const)('placement: %s', (_name, slots, prompt, expected) => {
  const placement = placementFor([...prompt], slots)
  const seen = placement && [placement.slot.sequence, placement.source.sequence, placement.prefix]
  expect(seen).toEqual(expected)
})
