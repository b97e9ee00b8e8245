import { expect, test } from 'vitest'
import { BETWEEN_CHARACTERS, utf8After } from '../../../engine/llama/utf8.ts'

const after = (...bytes: number[]) => utf8After(BETWEEN_CHARACTERS, Uint8Array.from(bytes))

test('whole characters of every length lead back between characters', () => {
  for (const text of ['a', 'é', '\u0800', '\ud7ff', '€', '\uffff', '😀', '\u{10ffff}']) {
    expect(utf8After(BETWEEN_CHARACTERS, Buffer.from(text)), text).toEqual(BETWEEN_CHARACTERS)
  }
})

test.each([
  ['a byte that goes on with nothing', [0x80]],
  ['two bytes for one', [0xc0]],
  ['three bytes for two', [0xe0, 0x90]],
  ['four bytes for three', [0xf0, 0x80]],
  ['half a surrogate pair', [0xed, 0xa0]],
  ['past the last character', [0xf4, 0x90]],
  ['a byte that begins nothing', [0xf5]],
  ['a character cut off by another', [0xe2, 0x41]],
])('%s is broken', (_, bytes) => {
  expect(after(...bytes)).toBeUndefined()
})

test('a character that still lacks bytes is not broken', () => {
  expect(after(0xf0, 0x9f, 0x98)).toMatchObject({ missing: 1 })
})
