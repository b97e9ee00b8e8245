import { expect, test } from 'vitest'
import { checkpointMarks, newestWithin, withCheckpoint } from '../../../../engine/llama/prefix/checkpoints.ts'

const at = (...lengths: number[]) => lengths.map((length) => ({ length, state: Buffer.alloc(1) }))

test.each([
  [
    'one batch before the end and just before it',
    { length: 1000, from: 0, common: 0, batch: 512 },
    [484, 996],
  ],
  ['also where prompts part', { length: 1000, from: 0, common: 300, batch: 512 }, [300, 484, 996]],
  ['not twice at nearly the same place', { length: 1000, from: 0, common: 980, batch: 512 }, [484, 996]],
  ['not in what was there already', { length: 1000, from: 600, common: 300, batch: 512 }, [996]],
  ['not in a short prompt', { length: 60, from: 0, common: 0, batch: 512 }, []],
])('checkpoints are taken %s', (_where, prompt, expected) => {
  expect(checkpointMarks(prompt)).toEqual(expected)
})

test('the newest checkpoint that is not too long is used', () => {
  const checkpoints = at(100, 200, 300)
  expect([99, 100, 250, 999].map((length) => newestWithin(checkpoints, length)?.length)).toEqual([
    undefined,
    100,
    200,
    300,
  ])
})

test('of too many checkpoints the one closest to its successor goes, never the new one', () => {
  const lengths = withCheckpoint(at(100, 500, 520), { length: 900, state: Buffer.alloc(1) }, 3)
  expect(lengths.map(({ length }) => length)).toEqual([100, 520, 900])
  expect(withCheckpoint(at(100), { length: 110, state: Buffer.alloc(1) }, 1)).toMatchObject([{ length: 110 }])
})
