import { expect, test } from 'vitest'
import type { NativeModel } from '../../../../engine/llama/native-model.ts'
import { emptySlot, type Slot, type Task } from '../../../../engine/llama/slots.ts'
import { draftsFor } from '../../../../engine/llama/speculation/drafts.ts'
import { requestFor } from '../../../helpers/runner.ts'

const END = 2
const ENDLESS = Number.POSITIVE_INFINITY
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)

const modelOf = (change: object = {}) =>
  ({
    contextLength: 1000,
    cells: 2000,
    batch: { capacity: 512 },
    library: { isEndOfGeneration: (_: unknown, token: number) => token === END },
    ...change,
  }) as unknown as NativeModel

/** An answer whose drafter drafts as much as it may. */
function answering(change: object = {}, token = (ahead: number) => 100 + ahead): Task {
  return {
    request: requestFor([1], {}),
    promptDoneAt: 1,
    pending: [7],
    fed: 0,
    outputTokens: 10,
    drafter: {
      push() {},
      draft: (most: number) => range(0, Math.max(0, most)).map(token),
    },
    ...change,
  } as unknown as Task
}

const slotOf = (sequence: number, tokens: number, task?: Task): Slot => ({
  ...emptySlot(sequence),
  tokens: range(0, tokens),
  task,
})

/** How much is drafted for the first slot. */
function drafted(model: NativeModel, slots: readonly Slot[]): number {
  const [slot] = slots
  if (slot?.task === undefined) throw new Error('the first slot answers')
  return draftsFor(model, slots, slot, slot.task).length
}

test('drafts are never more than half of a step, so that prompts go on beside them', () => {
  expect(drafted(modelOf(), [slotOf(0, 100, answering()), slotOf(1, 0)])).toBe(256)
  expect(drafted(modelOf({ batch: { capacity: 1 } }), [slotOf(0, 100, answering())])).toBe(0)
})

test.each([
  ['the context', slotOf(0, 990, answering()), 9],
  ['a full context', slotOf(0, 1000, answering()), 0],
  [
    'the request’s own context',
    slotOf(0, 190, answering({ request: requestFor([1], { contextLimit: 200 }) })),
    9,
  ],
  ['the tokens that are left', slotOf(0, 100, answering({ request: requestFor([1], { maxTokens: 14 }) })), 3],
  ['the last token', slotOf(0, 100, answering({ request: requestFor([1], { maxTokens: 11 }) })), 0],
])('drafts end with %s', (_, slot, expected) => {
  expect(drafted(modelOf(), [slot])).toBe(expected)
})

test('drafts end before a token that would end the answer', () => {
  const task = answering({}, (ahead) => (ahead === 4 ? END : 50))
  expect(drafted(modelOf(), [slotOf(0, 100, task)])).toBe(4)
})

test.each([
  ['another answer', slotOf(1, 50, answering()), 0],
  ['an answer whose reader is slow', slotOf(1, 50, answering({ isPaused: true })), 256],
  ['a prompt', slotOf(1, 50, answering({ promptDoneAt: undefined })), 256],
  ['nobody', slotOf(1, 50), 256],
])('beside %s', (_, other, expected) => {
  expect(drafted(modelOf(), [slotOf(0, 100, answering()), other])).toBe(expected)
})

test.each([
  // 400 and 300 cells are held, and a step may need 512.
  [ENDLESS, 256],
  [1500, 256],
  [1220, 8],
  [1212, 0],
  [800, 0],
])('of a pool of %d cells none is taken that a step could need', (cells, expected) => {
  expect(drafted(modelOf({ cells }), [slotOf(0, 400, answering()), slotOf(1, 300)])).toBe(expected)
})
