import { expect, test } from 'vitest'
import { Recent } from '../../../engine/store/recent.ts'

/** Answers with the key, and counts how often it had to work for it. */
function counting(limit: number) {
  const recent = new Recent<string>(limit)
  const worked: string[] = []
  const ask = (key: string) =>
    recent.get(key, async () => {
      worked.push(key)
      return key
    })
  return { recent, worked, ask }
}

test('a question asked twice is worked out once, also while the first is still at it', async () => {
  const { worked, ask } = counting(2)
  expect(await Promise.all([ask('a'), ask('a')])).toEqual(['a', 'a'])
  expect(await ask('a')).toBe('a')
  expect(worked).toEqual(['a'])
})

test('the answer that was not asked for the longest is forgotten when there are too many', async () => {
  const { worked, ask } = counting(2)
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(key)
  expect(worked).toEqual(['a', 'b', 'c', 'b'])
})

test('a failure is not remembered', async () => {
  const { recent, ask } = counting(2)
  await expect(recent.get('a', () => Promise.reject(new Error('once')))).rejects.toThrow('once')
  expect(await ask('a')).toBe('a')
})
