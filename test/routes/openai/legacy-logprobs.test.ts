import { expect, test } from 'vitest'
import type { ChosenToken } from '../../../engine/types.ts'
import { toLegacyLogprobs } from '../../../routes/openai/legacy-logprobs.ts'

const token = (text: string, logprob: number, alternatives: [string, number][] = []): ChosenToken => ({
  token: text,
  logprob,
  bytes: [...Buffer.from(text)],
  alternatives: alternatives.map(([t, p]) => ({ token: t, logprob: p, bytes: [...Buffer.from(t)] })),
})

test('the four arrays run in step', () => {
  const tokens = [token('Hé', -0.5, [['Ho', -1]]), token('llo', -0.25, [['llo', -0.25]])]
  expect(toLegacyLogprobs(tokens, 0)).toEqual({
    logprobs: {
      tokens: ['Hé', 'llo'],
      token_logprobs: [-0.5, -0.25],
      top_logprobs: [{ Ho: -1, Hé: -0.5 }, { llo: -0.25 }],
      text_offset: [0, 2],
    },
    offset: 5,
  })
})

test('offsets go on where the last piece ended', () => {
  expect(toLegacyLogprobs([token('b', -1)], 7).logprobs.text_offset).toEqual([7])
})

test('a character split over two tokens counts once', () => {
  const [a, b, c, d] = [...Buffer.from('😀')]
  const half = (...bytes: (number | undefined)[]): ChosenToken => ({
    token: '\uFFFD',
    logprob: -1,
    bytes: bytes.filter((byte) => byte !== undefined),
    alternatives: [],
  })
  const { logprobs, offset } = toLegacyLogprobs([half(a, b), half(c, d), token('!', -1)], 0)
  expect(logprobs.text_offset).toEqual([0, 1, 1])
  expect(offset).toBe(2)
})

test('a token called __proto__ is a key like any other', () => {
  const [top] = toLegacyLogprobs([token('__proto__', -1)], 0).logprobs.top_logprobs
  expect(JSON.stringify(top)).toBe('{"__proto__":-1}')
})

test('an impossible token has a number that JSON can hold', () => {
  const { logprobs } = toLegacyLogprobs([token('a', Number.NEGATIVE_INFINITY)], 0)
  expect(logprobs.token_logprobs).toEqual([-9999])
})
