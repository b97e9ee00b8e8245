import { expect, test } from 'vitest'
import {
  createNgramIndex,
  LEAST_MATCH,
  MOST_MATCH,
} from '../../../../engine/llama/speculation/ngram-index.ts'

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)

const indexOf = (tokens: readonly number[], remembered = 1000) => {
  const index = createNgramIndex(remembered)
  for (const token of tokens) index.push(token)
  return index
}

/** The next `count` tokens, as the index foresees them. */
function foreseen(tokens: readonly number[], count: number): number[] | undefined {
  const index = indexOf(tokens)
  const match = index.match()
  return match && Array.from({ length: count }, (_, ahead) => index.tokenAfter(match, ahead))
}

test.each([
  { what: 'an empty text', tokens: [] },
  { what: 'a text of one token', tokens: [5] },
  { what: 'an end that is new', tokens: [1, 2, 3, 4, 5, 6] },
  { what: 'an end of which only two tokens stood before', tokens: [1, 2, 3, 9, 2, 3] },
])('nothing is foreseen in $what', ({ tokens }) => {
  expect(indexOf(tokens).match()).toBeUndefined()
})

test.each([
  { what: 'what followed the last time', tokens: [1, 2, 3, 4, 5, 9, 1, 2, 3], next: [4, 5, 9] },
  { what: 'the latest of equals', tokens: [1, 2, 3, 4, 0, 1, 2, 3, 5, 0, 8, 1, 2, 3], next: [5, 0, 8] },
  {
    what: 'what followed the longest match, though another is later',
    tokens: [7, 1, 2, 3, 4, 4, 8, 1, 2, 3, 5, 5, 7, 1, 2, 3],
    next: [4, 4, 8],
  },
  { what: 'one token for ever', tokens: [6, 6, 6, 6], next: [6, 6, 6] },
  { what: 'a loop that goes round', tokens: [1, 2, 3, 1, 2, 3], next: [1, 2, 3, 1, 2, 3, 1] },
])('foreseen is $what', ({ tokens, next }) => {
  expect(foreseen(tokens, next.length)).toEqual(next)
})

test('a match is as long as what both ends have in common, up to a limit', () => {
  const text = Array.from({ length: 200 }, (_, i) => i)
  expect(indexOf([...text, 999, ...text.slice(50, 60)]).match()).toEqual({ end: 60, length: 10 })
  expect(indexOf([...text, ...text]).match()).toEqual({ end: 200, length: MOST_MATCH })
})

test('a copy goes on through words that stand in more places than are looked at', () => {
  const phrases = range(0, 50).flatMap((i) => [901, 902, 903, 1000 + i, 2000 + i])
  const index = createNgramIndex(1000)
  for (const token of phrases) index.push(token)
  const wrong = phrases.filter((token) => {
    const match = index.match()
    const isRight = match !== undefined && index.tokenAfter(match, 0) === token
    index.push(token)
    return !isRight
  })
  // Until the copy is known for one.
  expect(wrong.length).toBeLessThan(10)
})

test('the index says what a search of the whole text says', () => {
  let state = 7
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
  // Few enough places of each three tokens that all of them are looked at.
  const text = Array.from({ length: 400 }, () => random(6))
  const index = createNgramIndex(text.length)
  let found = 0
  for (const [i, token] of text.entries()) {
    index.push(token)
    const longest = longestMatch(text.slice(0, i + 1))
    expect(index.match()?.length ?? 0).toBe(longest)
    if (longest > 0) found += 1
  }
  expect(found).toBeGreaterThan(100)
})

function longestMatch(text: readonly number[]): number {
  let longest = 0
  for (let end = LEAST_MATCH; end < text.length; end++) {
    let length = 0
    while (length < end && text[end - 1 - length] === text[text.length - 1 - length]) length++
    longest = Math.max(longest, length)
  }
  return longest >= LEAST_MATCH ? longest : 0
}

test('of a text longer than what is to be remembered the beginning is forgotten', () => {
  const beginning = [101, 102, 103, 104]
  const filler = Array.from({ length: 64 }, (_, i) => i)
  expect(indexOf([...beginning, ...filler, 101, 102, 103], 128).match()).toEqual({ end: 3, length: 3 })
  expect(indexOf([...beginning, ...filler, 101, 102, 103], 64).match()).toBeUndefined()
  expect(indexOf([...filler, ...filler, ...filler], 64).match()).toBeUndefined()
  const late = indexOf([...filler, 7, 8, 9, 30, 31, 7, 8, 9], 64)
  expect(late.match()).toMatchObject({ length: 3 })
  expect(late.tokenAfter(late.match() ?? expect.unreachable(), 0)).toBe(30)
})

test('a prompt of 128k tokens is taken in without looking back at it', () => {
  // All the same: every token has as many earlier places as there can be.
  const index = createNgramIndex(1e9)
  for (let i = 0; i < 2 ** 17 + 5000; i++) index.push(1)
  expect(index.match()?.length).toBe(MOST_MATCH)
})
