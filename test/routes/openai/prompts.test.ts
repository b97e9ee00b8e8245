import { expect, test } from 'vitest'
import { Prompts } from '../../../routes/openai/prompts.ts'

test.each([
  ['a text', 'a b', ['a b']],
  ['texts', ['a', 'b'], ['a', 'b']],
  ['tokens', [1, 2], [[1, 2]]],
  ['lists of tokens', [[1], [2, 3]], [[1], [2, 3]]],
  ['nothing', undefined, ['']],
  ['null', null, ['']],
])('a prompt may be %s', (_name, wire, prompts) => {
  expect(Prompts.parse(wire)).toEqual(prompts)
})

test.each([[[1.5]], [{}], [7], [[]], [[[]]], [['a', 1]], [[-1]], [[2 ** 31]], [[[1], 'a']]])(
  'prompt %j is refused',
  (wire) => {
    expect(Prompts.safeParse(wire).error?.issues[0]?.message).toMatch(/'prompt' must be/)
  },
)

test('too many prompts are refused', () => {
  expect(Prompts.safeParse(Array(2049).fill('a')).error?.issues[0]?.message).toMatch(/more than 2048/)
})
