import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ggufFacts } from '../../../engine/gguf/facts.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { tensorType } from '../../../engine/gguf/tensor-type.ts'
import { blobPath } from '../../../engine/store/blobs.ts'
import { fixtureWeights, tempFolder } from '../../helpers/fixtures.ts'
import { array, GgufBytes, u32, writeGguf } from '../../helpers/gguf.ts'

const start = (tensors: number | bigint, entries: number | bigint) =>
  new GgufBytes().raw(Buffer.from('GGUF')).u32(3).u64(tensors).u64(entries)
const description = (to: GgufBytes, name: string, shape: readonly (number | bigint)[], offset = 0n) => {
  to.string(name).u32(shape.length)
  for (const dimension of shape) to.u64(dimension)
  return to.u32(0).u64(offset)
}
const MAX = 2n ** 64n - 1n

/** What readers of GGUF files have been attacked with; each file does to this one what it says. */
describe('a GGUF file after the manner of', () => {
  test.each<[string, Buffer, string]>([
    [
      'CVE-2024-21802 (five and more dimensions, written past an array of four) is refused',
      description(start(1, 0), 't', Array(4096).fill(1n)).bytes(),
      'tensor "t" at byte 24 has 4096 dimensions, more than 4',
    ],
    [
      'CVE-2024-21825 (a list of so many texts that their size overflows) is refused',
      start(0, 1).string('k').u32(9).u32(8).u64(0x1000_0000_0000_0001n).bytes(),
      'the length of "k" is 1152921504606846977 at byte 41, more than the 16777216 that are read',
    ],
    [
      'CVE-2024-21836 (so many tensors that the size of their list overflows) is refused',
      start(MAX / 88n + 1n, 0).bytes(),
      'the number of tensors is 209622091746699451 at byte 8, more than the 131072 that are read',
    ],
    [
      'CVE-2024-23496 (a text as long as can be, and one more for its end) is refused',
      start(0, 1).u64(MAX).bytes(),
      'the length of the key of metadata entry 0 is 18446744073709551615 at byte 24, more than the 65535 that are read',
    ],
    [
      'CVE-2024-23605 (so many entries that the size of their list overflows) is refused',
      start(0, MAX / 40n + 1n).bytes(),
      'the number of metadata entries is 461168601842738791 at byte 16, more than the 65536 that are read',
    ],
    [
      'CVE-2025-0317 (an alignment of zero, divided by) is refused',
      writeGguf({ metadata: { 'general.alignment': u32(0) }, headerOnly: true }),
      'general.alignment is 0, not a power of two',
    ],
    [
      'padding half as wide as memory is refused',
      writeGguf({ metadata: { 'general.alignment': u32(0x8000_0000) }, headerOnly: true }),
      'general.alignment is 2147483648, more than 65536',
    ],
    [
      'CVE-2026-27940 (one tensor nearly as large as memory can be, and the list of tensors beside it) is refused',
      description(start(1, 0), 't', [2n ** 61n]).bytes(),
      'a dimension of tensor "t" at byte 24 is 2305843009213693952 at byte 37, more than the 9007199254740991 that are read',
    ],
    [
      'CVE-2026-33298 (dimensions whose product overflows to a small size) is refused',
      description(start(1, 0), 't', [1024, 2 ** 42 + 1, 2 ** 20]).bytes(),
      'tensor "t" at byte 24 has more elements than can be counted',
    ],
    [
      'CVE-2025-53630 (tensors that are sound one by one and overflow together) is refused',
      description(description(start(2, 0), 'a', [2 ** 50]), 'b', [2 ** 50 + 2 ** 49], 2n ** 52n).bytes(),
      'the tensors up to "b" have more bytes than can be counted',
    ],
    [
      'an empty key (an assertion of llama.cpp’s) is refused',
      start(0, 1).string('').u32(4).u32(1).bytes(),
      'the key of metadata entry 0 is empty at byte 24',
    ],
    [
      'an alignment that is no uint32 (another assertion) is refused',
      writeGguf({ metadata: { 'general.alignment': { type: 'uint64', value: 32 } }, headerOnly: true }),
      'general.alignment is not a uint32',
    ],
    [
      'a key that ends early for native code is refused',
      start(0, 1).string('general.architecture\0x').u32(4).u32(1).bytes(),
      'the key of metadata entry 0 has a NUL in it at byte 24',
    ],
    [
      'a name that is not UTF-8 is refused',
      description(start(1, 0), 't\u00ff', [1]).bytes().fill(0xff, 33, 35),
      'the name of tensor 0 is not UTF-8 at byte 24',
    ],
    [
      'an empty tensor is refused',
      description(start(1, 0), 't', [32, 0]).bytes(),
      'tensor "t" at byte 24 is empty: its shape is [32,0]',
    ],
    [
      'two tensors in one place is refused',
      description(description(start(2, 0), 'a', [8]), 'b', [8]).bytes(),
      'tensor "b" starts at byte 0 of the tensor data, where others lie: it belongs at 32',
    ],
    [
      'a tensor off its alignment is refused',
      description(start(1, 0), 'a', [8], 4n).bytes(),
      'tensor "a" starts at byte 4 of the tensor data, which is not aligned to 32',
    ],
    [
      'a gap between tensors is refused',
      description(description(start(2, 0), 'a', [8]), 'b', [8], 4096n).bytes(),
      'tensor "b" starts at byte 4096 of the tensor data and leaves a gap: it belongs at 32',
    ],
    [
      'a file in the other byte order, by its magic, is refused',
      Buffer.from('FUGG\0\0\0\u0003'),
      'big-endian GGUF files cannot be used',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => parseGguf(bytes)).toThrow(expect.objectContaining({ name: 'GgufError', message }))
  })

  test('CVE-2024-39720 (the magic and nothing else) is cut short, not a crash', async () => {
    const path = join(await tempFolder(), 'a.gguf')
    await writeFile(path, 'GGUF')
    await expect(readGgufFile(path)).rejects.toMatchObject({
      name: 'GgufError',
      message: 'cut short: the header needs byte 8, the file has 4',
    })
  })

  test.skipIf(process.platform === 'win32')(
    'CVE-2024-39721 (a device that never ends) is refused at once',
    async () => {
      await expect(readGgufFile('/dev/zero')).rejects.toMatchObject({
        name: 'GgufError',
        message: 'not a GGUF file: it is not a regular file',
      })
    },
  )

  test('CVE-2026-7482 (tensors that reach past the end of the file) is refused before anything reads them', async () => {
    const path = join(await tempFolder(), 'a.gguf')
    const whole = writeGguf({ tensors: [{ name: 'big', type: 'F16', shape: [1024, 1024] }] })
    await writeFile(path, whole.subarray(0, 4096))
    await expect(readGgufFile(path)).rejects.toMatchObject({
      name: 'GgufError',
      message: `cut short: tensor "big" ends at byte ${whole.length}, the file has 4096`,
    })
  })

  test('CVE-2024-8063 (no layers, no heads, divided by) is refused or counts as unknown', () => {
    const facts = (key: string) =>
      ggufFacts(parseGguf(fixtureWeights({ metadata: { [`llama.${key}`]: u32(0) } })))
    expect(() => facts('block_count')).toThrow('llama.block_count is 0')
    expect(facts('attention.head_count')).toMatchObject({ keyLength: undefined, valueLength: undefined })
  })

  test('CVE-2026-7020 (a digest that leads out of the folder) never becomes a path', () => {
    expect(() => blobPath('/models', `sha256:../../${'a'.repeat(58)}`)).toThrow('invalid digest format')
  })

  test('a vocabulary longer than its token types, read past their end, is refused', () => {
    const types = { 'tokenizer.ggml.token_type': array('int32', [1]) }
    expect(() => ggufFacts(parseGguf(fixtureWeights({ metadata: types })))).toThrow(
      'tokenizer.ggml.token_type has 1 values for 8 tokens',
    )
  })
})

test('every type of tensor data up to Q2_0 is known, except those that have been retired', () => {
  const retired = [4, 5, 31, 32, 33, 36, 37, 38]
  const unknown = Array.from({ length: 64 }, (_, id) => id).filter((id) => tensorType(id) === undefined)
  expect(unknown.filter((id) => id <= 42)).toEqual(retired)
  expect(tensorType(39)).toEqual({ name: 'MXFP4', blockValues: 32, blockBytes: 17 })
  expect(tensorType(40)).toEqual({ name: 'NVFP4', blockValues: 64, blockBytes: 36 })
})
