import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MoreBytesNeeded } from '../../../engine/gguf/cursor.ts'
import { GgufError } from '../../../engine/gguf/error.ts'
import { ggufFacts } from '../../../engine/gguf/facts.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { fixtureWeights, tempFolder } from '../../helpers/fixtures.ts'
import { f32, GgufBytes, u32, writeGguf } from '../../helpers/gguf.ts'

const start = (tensors: number | bigint, entries: number | bigint) =>
  new GgufBytes().raw(Buffer.from('GGUF')).u32(3).u64(tensors).u64(entries)
const tensor = (dimensions: readonly (number | bigint)[], type: number, offset: number | bigint = 0) => {
  const bytes = start(1, 0).string('t').u32(dimensions.length)
  for (const dimension of dimensions) bytes.u64(dimension)
  return bytes.u32(type).u64(offset).bytes()
}
const nested = (depth: number): GgufBytes => {
  const bytes = start(0, 1).string('deep').u32(9)
  for (let i = 1; i < depth; i++) bytes.u32(9).u64(1)
  return bytes.u32(0).u64(0)
}

describe('a hostile GGUF file is refused with a reason:', () => {
  test.each<[string, Buffer, string]>([
    ['another kind of file', Buffer.from('<!DOCTYPE html>...'), 'not a GGUF file: it starts with "<!DO"'],
    ['big-endian', writeGguf({ bigEndian: true }), 'big-endian GGUF files cannot be used'],
    ['version 0', writeGguf({ version: 0 }), 'GGUF version 0 cannot be used: only 2 and 3 can'],
    ['version 1', writeGguf({ version: 1 }), 'GGUF version 1 cannot be used: only 2 and 3 can'],
    ['version 4', writeGguf({ version: 4 }), 'GGUF version 4 cannot be used: only 2 and 3 can'],
    [
      'too many tensors',
      start(2n ** 63n, 0).bytes(),
      'the number of tensors is 9223372036854775808 at byte 8, more than the 131072 that are read',
    ],
    [
      'too many metadata entries',
      start(0, 1_000_000).bytes(),
      'the number of metadata entries is 1000000 at byte 16, more than the 65536 that are read',
    ],
    [
      'an endless key',
      start(0, 1).u64(65_536).bytes(),
      'the length of the key of metadata entry 0 is 65536 at byte 24, more than the 65535 that are read',
    ],
    [
      'an endless text',
      start(0, 1)
        .string('k')
        .u32(8)
        .u64(2n ** 40n)
        .bytes(),
      'the length of "k" is 1099511627776 at byte 37, more than the 67108864 that are read',
    ],
    [
      'an endless array',
      start(0, 1)
        .string('k')
        .u32(9)
        .u32(0)
        .u64(2n ** 33n)
        .bytes(),
      'the length of "k" is 8589934592 at byte 41, more than the 16777216 that are read',
    ],
    [
      'an endless text in an array',
      start(0, 1)
        .string('k')
        .u32(9)
        .u32(8)
        .u64(1)
        .u64(2n ** 40n)
        .bytes(),
      'the length of a text in "k" is 1099511627776 at byte 49, more than the 67108864 that are read',
    ],
    ['arrays in arrays in arrays', nested(5).bytes(), '"deep" nests arrays more than 4 deep at byte 88'],
    [
      'an unknown value type',
      start(0, 1).string('k').u32(13).bytes(),
      'value type 13 at byte 33 does not exist',
    ],
    [
      'an unknown element type',
      start(0, 1).string('k').u32(9).u32(99).u64(0).bytes(),
      'value type 99 at byte 37 does not exist',
    ],
    [
      'a key twice',
      start(0, 2)
        .string('k')
        .u32(7)
        .raw(Buffer.from([1]))
        .string('k')
        .u32(7)
        .raw(Buffer.from([1]))
        .bytes(),
      'metadata key "k" comes twice, again at byte 38',
    ],
    ['five dimensions', tensor([1, 1, 1, 1, 1], 0), 'tensor "t" at byte 24 has 5 dimensions, more than 4'],
    [
      'a dimension beyond counting',
      tensor([2n ** 60n], 0),
      'a dimension of tensor "t" at byte 24 is 1152921504606846976 at byte 37, more than the 9007199254740991 that are read',
    ],
    [
      'dimensions whose product overflows',
      tensor([2 ** 40, 2 ** 40], 0),
      'tensor "t" at byte 24 has more elements than can be counted',
    ],
    ['bytes that overflow', tensor([2 ** 52], 0), 'tensor "t" at byte 24 has more bytes than can be counted'],
    ['an unknown tensor type', tensor([1], 4096), 'tensor "t" at byte 24 has the unknown type 4096'],
    ['a retired tensor type', tensor([32], 4), 'tensor "t" at byte 24 has the unknown type 4'],
    [
      'rows that do not fill blocks',
      tensor([33], 2),
      'tensor "t" at byte 24 has rows of 33, not a multiple of the 32 of Q4_0',
    ],
    [
      'one value that does not fill a block',
      tensor([], 2),
      'tensor "t" at byte 24 has rows of 1, not a multiple of the 32 of Q4_0',
    ],
    [
      'a tensor twice',
      writeGguf({ tensors: Array(2).fill({ name: 'same', type: 'F32', shape: [1] }) }),
      'tensor "same" comes twice, again at byte 60',
    ],
    ...[0, 3, 48].map((alignment): [string, Buffer, string] => [
      `alignment ${alignment}`,
      writeGguf({ metadata: { 'general.alignment': u32(alignment) }, headerOnly: true }),
      `general.alignment is ${alignment}, not a power of two`,
    ]),
    [
      'an alignment that is a fraction',
      writeGguf({ metadata: { 'general.alignment': f32(0.5) }, headerOnly: true }),
      'general.alignment is not a uint32',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => parseGguf(bytes)).toThrow(expect.objectContaining({ name: 'GgufError', message }))
  })

  test('four arrays in one another are still read', () => {
    expect(parseGguf(nested(4).bytes()).metadata.get('deep')).toMatchObject({ length: 1 })
  })
})

describe('a GGUF file damaged at random', () => {
  const whole = fixtureWeights({ chatTemplate: '{{ messages }}' })

  /** What reading does with bytes: it may succeed, or say why not. Anything else is a crash. */
  const outcome = (bytes: Buffer): 'read' | 'refused' | 'short' => {
    try {
      const header = parseGguf(bytes)
      ggufFacts(header)
      for (const value of header.metadata.values()) {
        if (typeof value === 'object') value.toArray()
      }
      return 'read'
    } catch (error) {
      if (error instanceof MoreBytesNeeded) return 'short'
      if (error instanceof GgufError && error.message.length > 10) return 'refused'
      throw error
    }
  }

  test('is reported as cut short wherever it is cut', () => {
    const { tensors } = parseGguf(whole)
    const dataBytes = tensors.reduce((sum, each) => sum + Math.ceil(each.bytes / 32) * 32, 0)
    const headerBytes = whole.length - dataBytes - 31
    for (let length = 0; length < headerBytes; length++) {
      expect([length, outcome(whole.subarray(0, length))]).toEqual([length, 'short'])
    }
    expect(outcome(whole)).toBe('read')
  })

  test('cut at every byte, is refused from disk in a sentence', async () => {
    const path = join(await tempFolder(), 'cut.gguf')
    for (let length = 0; length < 300; length += 7) {
      await writeFile(path, whole.subarray(0, length))
      await expect(readGgufFile(path)).rejects.toThrow(
        /^cut short: the header needs byte \d+, the file has \d+$/,
      )
    }
  })
})
