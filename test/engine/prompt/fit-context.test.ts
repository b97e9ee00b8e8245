import { describe, expect, test } from 'vitest'
import { fitMessages, fitTokens } from '../../../engine/prompt/fit-context.ts'
import type { Message } from '../../../engine/types.ts'
import { say } from './jobs.ts'

/** One token a word of `[role] content`. */
const words = async (messages: readonly Message[]) =>
  messages.reduce((sum, { content }) => sum + 1 + content.split(' ').length, 0)
const texts = (messages: readonly Message[]) => messages.map((message) => message.content)

describe('whole messages are dropped until the rest fits', () => {
  const talk = [say('system', 's'), say('user', 'a b c d e'), say('assistant', 'f g'), say('user', 'h i')]

  test('ollama 77: from the front, system messages excepted', async () => {
    expect(texts(await fitMessages(talk, 10, words))).toEqual(['s', 'f g', 'h i'])
  })

  test('none when all fit', async () => {
    expect(await fitMessages(talk, 14, words)).toBe(talk)
  })

  test('ollama 79: the last one is kept even if it does not fit', async () => {
    expect(texts(await fitMessages(talk, 1, words))).toEqual(['s', 'h i'])
    const one = [say('user', 'a b c')]
    expect(await fitMessages(one, 1, words)).toBe(one)
  })

  test('system messages from among the dropped ones move to the front', async () => {
    const messages = [say('user', 'a b c'), say('system', 's'), say('user', 'd'), say('user', 'e')]
    expect(texts(await fitMessages(messages, 4, words))).toEqual(['s', 'e'])
  })

  test.each([2, 3, 10, 57, 500])('the fewest of %i messages, with few counts', async (length) => {
    const messages = Array.from({ length }, (_, i) => say('user', `m${i}`))
    for (const limit of [0, 2, 3, length, 2 * length - 1, 2 * length]) {
      let counts = 0
      const kept = await fitMessages(messages, limit, (some) => {
        counts += 1
        return words(some)
      })
      expect(kept.length).toBe(Math.min(length, Math.max(1, Math.floor(limit / 2))))
      expect(counts).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(length)))
    }
  })
})

describe('the middle of a prompt is cut out', () => {
  const tokens = Array.from({ length: 100 }, (_, i) => i)
  const limit = { contextLength: 20, keep: 4, shift: true, truncate: true }

  test('ollama 79: its beginning stays, and about half of the rest of the window is free', () => {
    const cut = fitTokens(tokens, limit)
    expect(cut.slice(0, 4)).toEqual([0, 1, 2, 3])
    expect(cut.at(-1)).toBe(99)
    expect(cut.length).toBeGreaterThanOrEqual(12)
    expect(cut.length).toBeLessThan(20)
    expect(cut.slice(4)).toEqual(tokens.slice(-(cut.length - 4)))
  })

  test('not when there is room for one more token', () => {
    const fitting = tokens.slice(0, 19)
    expect(fitTokens(fitting, limit)).toBe(fitting)
    expect(fitTokens(tokens.slice(0, 20), limit)).not.toHaveLength(20)
  })

  test.each([4, 5, 6, 7, 8, 21, 99])('in a window of %i tokens whatever is to be kept', (contextLength) => {
    for (const keep of [-1, 0, 1, 5, 1_000]) {
      for (const length of [contextLength, contextLength + 1, 100, 1_000]) {
        const long = Array.from({ length }, (_, i) => i)
        const cut = fitTokens(long, { ...limit, contextLength, keep })
        expect(cut.length).toBeLessThan(contextLength)
        expect(cut.at(-1)).toBe(length - 1)
        expect(cut.toSorted((a, b) => a - b)).toEqual(cut)
      }
    }
  })

  test('ollama 79: not without context shift: the prompt is refused with both counts', () => {
    expect(() => fitTokens(tokens, { ...limit, shift: false })).toThrow(
      expect.objectContaining({
        code: 'context_overflow',
        message:
          'the prompt is longer than the context length currently available to the model; shorten the prompt, ' +
          'adjust the context length in settings, or use a model with a longer context length',
        details: { promptTokens: 100, contextLength: 20 },
      }),
    )
  })

  test('a request that forbids dropping messages is told how much it exceeds', () => {
    expect(() => fitTokens(tokens, { ...limit, shift: false, truncate: false })).toThrow(
      'request (100 tokens) exceeds the available context size (20 tokens), try increasing it',
    )
  })
})
