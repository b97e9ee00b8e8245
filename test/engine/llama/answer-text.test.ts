import { expect, test } from 'vitest'
import { createAnswerText } from '../../../engine/llama/answer-text.ts'

/** Feeds pieces as tokens; gives every emission, and whether a stop string ended the text. */
function run(pieces: readonly (string | number[])[], stop: readonly string[]) {
  const text = createAnswerText(stop)
  const out: string[] = []
  for (const piece of pieces) {
    const result = text.push(typeof piece === 'string' ? Buffer.from(piece) : Uint8Array.from(piece))
    if (result.text !== '') out.push(result.text)
    if (result.stopped) return { out, stopped: true }
  }
  const rest = text.flush()
  if (rest !== '') out.push(rest)
  return { out, stopped: false }
}

test.each([
  ['text without stop strings passes as it comes', ['a', 'b'], [], ['a', 'b'], false],
  [
    'openai 82: a stop string spread over tokens ends the text before it',
    ['a', 'E', 'N', 'D', 'b'],
    ['END'],
    ['a'],
    true,
  ],
  [
    'openai 82: a start of a stop string that goes on otherwise is given back',
    ['a', 'E', 'x'],
    ['END'],
    ['a', 'Ex'],
    false,
  ],
  ['what is still held at the end belongs to the text', ['a', 'EN'], ['END'], ['a', 'EN'], false],
  ['the stop string that begins first wins', ['one two'], ['two', 'one t'], [], true],
  ['a stop string inside one token cuts the token', ['abcSTOPdef'], ['STOP'], ['abc'], true],
  ['a repeated beginning is held to its full length', ['aa', 'ab'], ['aab'], ['a'], true],
  ['an empty stop string stops nothing', ['a'], [''], ['a'], false],
] as const)('%s', (_name, pieces, stop, out, stopped) => {
  expect(run(pieces, stop)).toEqual({ out, stopped })
})

test('openai 81: a four-byte character split over tokens appears once it is whole', () => {
  const [a = 0, b = 0, c = 0, d = 0] = Buffer.from('🙂')
  expect(run([[a], [b, c], [d], '!'], [])).toEqual({ out: ['🙂', '!'], stopped: false })
})

test('bytes that never become a character are shown as U+FFFD, the start of one that was cut off is not', () => {
  expect(run(['a', [0xff], 'b', [0xf0, 0x9f]], []).out.join('')).toBe('a\uFFFDb')
})

test('a stop string may itself contain a character that is split over tokens', () => {
  const [a = 0, b = 0] = Buffer.from('é')
  expect(run(['x', [a], [b], 'y'], ['é'])).toEqual({ out: ['x'], stopped: true })
})

test('every way to cut a text gives the same result', () => {
  const text = 'ENDaEN-ENxÜ🙂 the END.'
  const bytes = Buffer.from(text)
  for (let i = 1; i < bytes.length; i++) {
    for (let j = i + 1; j < bytes.length; j++) {
      const pieces = [bytes.subarray(0, i), bytes.subarray(i, j), bytes.subarray(j)].map((p) => [...p])
      const { out, stopped } = run(pieces, ['END.'])
      expect([out.join(''), stopped]).toEqual(['ENDaEN-ENxÜ🙂 the ', true])
    }
  }
})
