import { access, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ValueToWrite } from '../../../engine/gguf/encode.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { type TensorToWrite, writeGguf } from '../../../engine/gguf/write.ts'
import { SMALL_LLAMA } from '../../helpers/fixture-models.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import {
  array,
  bool,
  type GgufTensor,
  type GgufValue,
  str,
  tensorBytes,
  u32,
  u64,
  writeGguf as writeByHand,
} from '../../helpers/gguf.ts'

/** A tensor whose data is zeros in pieces of at most `pieceBytes`. */
const zeros = (tensor: GgufTensor, pieceBytes = 1000): TensorToWrite => {
  const bytes = tensorBytes(tensor)
  return {
    ...tensor,
    bytes,
    async *data() {
      for (let left = bytes; left > 0; left -= pieceBytes) yield new Uint8Array(Math.min(left, pieceBytes))
    },
  }
}
const TENSORS: readonly GgufTensor[] = [
  { name: 'a', type: 'Q4_K', shape: [512, 30] },
  { name: 'b', type: 'F32', shape: [7] },
  { name: 'scalar', type: 'F16', shape: [] },
  { name: 'c', type: 'Q8_0', shape: [32, 2, 2, 2] },
]
const EVERY_TYPE: Record<string, GgufValue> = {
  u8: { type: 'uint8', value: 255 },
  i8: { type: 'int8', value: -128 },
  u16: { type: 'uint16', value: 65_535 },
  i16: { type: 'int16', value: -32_768 },
  u32: u32(4_294_967_295),
  i32: { type: 'int32', value: -2_147_483_648 },
  f32: { type: 'float32', value: 1e-5 },
  yes: bool(true),
  text: str('grüß dich 🦙'),
  bytes: { type: 'string', value: Uint8Array.of(0xff, 0, 0xfe) },
  huge: u64(2n ** 64n - 1n),
  i64: { type: 'int64', value: -5 },
  f64: { type: 'float64', value: Math.PI },
  list: array('int32', [1, -2, 3]),
  nested: array('array', [
    { of: 'string', items: ['x', 'y'] },
    { of: 'bool', items: [true, false] },
  ]),
}
const newPath = async () => join(await tempFolder(), 'new.gguf')
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

describe('a GGUF file that is written', () => {
  test.each<[string, Record<string, GgufValue>, readonly GgufTensor[]]>([
    ['values of every type', EVERY_TYPE, []],
    ['a model', SMALL_LLAMA, TENSORS],
    ['another alignment', { 'general.alignment': u32(256), last: u32(1) }, TENSORS],
    ['nothing in it', {}, []],
  ])('with %s has the bytes that the format asks for', async (_, metadata, tensors) => {
    const path = await newPath()
    const { bytes } = await writeGguf(path, {
      metadata: Object.entries(metadata),
      tensors: tensors.map((tensor) => zeros(tensor)),
    })
    const written = await readFile(path)
    expect(written.equals(writeByHand({ metadata, tensors }))).toBe(true)
    expect(bytes).toBe(written.length)
  })

  test('holds each tensor’s own data where the header says', async () => {
    const path = await newPath()
    const tensors = TENSORS.map((tensor, i) => ({
      ...zeros(tensor),
      async *data() {
        yield Buffer.alloc(tensorBytes(tensor), i + 1)
      },
    }))
    await writeGguf(path, { metadata: [], tensors })
    const header = await readGgufFile(path)
    const file = await readFile(path)
    for (const [i, { offset, bytes }] of header.tensors.entries()) {
      const start = header.dataOffset + offset
      expect(file.subarray(start, start + bytes).equals(Buffer.alloc(bytes, i + 1))).toBe(true)
    }
  })

  test('may carry values as they stand in another file', async () => {
    const path = await newPath()
    const encoded = Buffer.from('0800000003000000000000006d6f6f', 'hex')
    await writeGguf(path, { metadata: [['k', { type: 'encoded', value: encoded }]], tensors: [] })
    expect((await readGgufFile(path)).metadata.get('k')).toBe('moo')
  })

  test('goes to an open handle, which stays open', async () => {
    const path = await newPath()
    const handle = await open(path, 'w+')
    try {
      await writeGguf(handle, { metadata: [['k', u32(1)]], tensors: [] })
      expect((await handle.stat()).size).toBeGreaterThan(0)
    } finally {
      await handle.close()
    }
    expect((await readGgufFile(path)).metadata.get('k')).toBe(1)
  })

  test('never replaces a file', async () => {
    const path = await newPath()
    await writeFile(path, 'precious')
    await expect(writeGguf(path, { metadata: [], tensors: [] })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readFile(path, 'utf8')).toBe('precious')
  })
})

describe('a GGUF file that cannot be written leaves nothing behind:', () => {
  const value = (type: 'uint32' | 'int8' | 'uint64', number: number): ValueToWrite => ({
    type,
    value: number,
  })
  test.each<[string, Partial<Parameters<typeof writeGguf>[1]>, string]>([
    [
      'a number too big',
      { metadata: [['k', value('uint32', 2 ** 32)]] },
      '"k" cannot be 4294967296: its type is uint32',
    ],
    ['a negative one', { metadata: [['k', value('uint64', -1)]] }, '"k" cannot be -1: its type is uint64'],
    ['a fraction', { metadata: [['k', value('int8', 0.5)]] }, '"k" cannot be 0.5: its type is int8'],
    ['no number', { metadata: [['k', value('int8', Number.NaN)]] }, '"k" cannot be NaN: its type is int8'],
    [
      'a text for a number',
      { metadata: [['k', { type: 'uint32', value: 'x' }]] },
      '"k" cannot hold a value of type string: its type is uint32',
    ],
    ['an empty key', { metadata: [['', u32(1)]] }, 'a metadata key has 0 bytes, not 1 to 65535'],
    [
      'a key twice',
      {
        metadata: [
          ['k', u32(1)],
          ['k', u32(2)],
        ],
      },
      'metadata key "k" would come twice',
    ],
    [
      'alignment 48',
      { metadata: [['general.alignment', u32(48)]] },
      'general.alignment must be given as a uint32 that is a power of two up to 65536',
    ],
    [
      'a tensor twice',
      {
        tensors: [
          zeros({ name: 't', type: 'F32', shape: [1] }),
          zeros({ name: 't', type: 'F32', shape: [1] }),
        ],
      },
      'tensor "t" would come twice',
    ],
    [
      'a name llama.cpp cannot read',
      { tensors: [zeros({ name: 'n'.repeat(64), type: 'F32', shape: [1] })] },
      `tensor "${'n'.repeat(64)}" has a name of 64 bytes, not 1 to 63`,
    ],
    [
      'an unknown tensor type',
      { tensors: [{ ...zeros({ name: 't', type: 'F32', shape: [1] }), type: 'Q9' }] },
      'tensor "t" has the unknown type Q9',
    ],
    [
      'an empty tensor',
      { tensors: [zeros({ name: 't', type: 'F32', shape: [0] })] },
      'tensor "t" cannot have the shape [0]',
    ],
    [
      'rows that do not fill blocks',
      { tensors: [zeros({ name: 't', type: 'Q8_0', shape: [16, 2] })] },
      'tensor "t" of type Q8_0 and shape [16,2] cannot have 34 bytes',
    ],
    [
      'too little data',
      {
        tensors: [
          {
            ...zeros({ name: 't', type: 'F32', shape: [4] }),
            async *data() {
              yield new Uint8Array(8)
            },
          },
        ],
      },
      'tensor "t" has less data than its 16 bytes',
    ],
    [
      'too much data',
      {
        tensors: [
          {
            ...zeros({ name: 't', type: 'F32', shape: [1] }),
            async *data() {
              yield new Uint8Array(8)
            },
          },
        ],
      },
      'tensor "t" has more data than its 4 bytes',
    ],
  ])('%s', async (_, file, message) => {
    const path = await newPath()
    const writing = writeGguf(path, { metadata: [], tensors: [], ...file })
    await expect(writing).rejects.toMatchObject({ name: 'GgufError', message })
    expect(await exists(path)).toBe(false)
  })

  test('one whose writing is cancelled, whose data is let go of', async () => {
    const path = await newPath()
    const cancel = new AbortController()
    let left = false
    const endless: TensorToWrite = {
      ...zeros({ name: 't', type: 'F32', shape: [1 << 20] }),
      async *data() {
        try {
          for (let piece = 0; ; piece++) {
            if (piece === 3) cancel.abort(new Error('no longer wanted'))
            yield new Uint8Array(16)
          }
        } finally {
          left = true
        }
      },
    }
    await expect(writeGguf(path, { metadata: [], tensors: [endless] }, cancel.signal)).rejects.toThrow(
      'no longer wanted',
    )
    expect(left).toBe(true)
    expect(await exists(path)).toBe(false)
  })
})
