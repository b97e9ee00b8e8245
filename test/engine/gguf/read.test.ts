import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import type { GgufArray, GgufValue } from '../../../engine/gguf/types.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import {
  array,
  bool,
  f32,
  GgufBytes,
  type GgufValue as GgufValueToWrite,
  str,
  tensorBytes,
  u32,
  u64,
  writeGguf,
} from '../../helpers/gguf.ts'

const asArray = (value: GgufValue | undefined): GgufArray => {
  if (typeof value !== 'object') throw new Error('not an array')
  return value
}

describe('the header of a GGUF file', () => {
  test('gives values of every type, in file order', () => {
    const { version, metadata } = parseGguf(
      writeGguf({
        metadata: {
          u8: { type: 'uint8', value: 255 },
          i8: { type: 'int8', value: -128 },
          u16: { type: 'uint16', value: 65_535 },
          i16: { type: 'int16', value: -32_768 },
          u32: u32(4_294_967_295),
          i32: { type: 'int32', value: -2_147_483_648 },
          f32: f32(1e-5),
          yes: bool(true),
          no: bool(false),
          text: str('grüß dich 🦙'),
          safe: u64(Number.MAX_SAFE_INTEGER),
          huge: u64(2n ** 64n - 1n),
          i64: { type: 'int64', value: -5 },
          f64: { type: 'float64', value: Math.PI },
        },
      }),
    )
    expect(version).toBe(3)
    expect([...metadata]).toEqual([
      ['u8', 255],
      ['i8', -128],
      ['u16', 65_535],
      ['i16', -32_768],
      ['u32', 4_294_967_295],
      ['i32', -2_147_483_648],
      ['f32', 1e-5],
      ['yes', true],
      ['no', false],
      ['text', 'grüß dich 🦙'],
      ['safe', Number.MAX_SAFE_INTEGER],
      ['huge', 2n ** 64n - 1n],
      ['i64', -5],
      ['f64', Math.PI],
    ])
  })

  test('gives arrays that are decoded when asked for', () => {
    const { metadata } = parseGguf(
      writeGguf({
        metadata: {
          texts: array('string', ['a', '', 'ccc']),
          numbers: array('int32', [1, -2, 3]),
          none: array('float32', []),
          nested: array('array', [
            { of: 'string', items: ['x', 'y'] },
            { of: 'uint8', items: [7] },
          ]),
          after: u32(1),
        },
      }),
    )
    const texts = asArray(metadata.get('texts'))
    expect(texts.length).toBe(3)
    expect([texts.at(-1), texts.at(0), texts.at(1), texts.at(2), texts.at(3), texts.at(0.5)]).toEqual([
      undefined,
      'a',
      '',
      'ccc',
      undefined,
      undefined,
    ])
    expect(asArray(metadata.get('numbers')).toArray()).toEqual([1, -2, 3])
    expect(asArray(metadata.get('numbers')).at(1)).toBe(-2)
    expect(asArray(metadata.get('none')).toArray()).toEqual([])
    const nested = asArray(metadata.get('nested'))
    expect(nested.toArray().map((inner) => asArray(inner).toArray())).toEqual([['x', 'y'], [7]])
    expect(asArray(nested.at(1)).elementType).toBe('uint8')
    expect(metadata.get('after')).toBe(1)
  })

  test.each([2, 3])('of version %i gives the tensors with their sizes', (version) => {
    const tensors = [
      { name: 'a', type: 'Q4_K', shape: [512, 3] },
      { name: 'b', type: 'F32', shape: [7] },
      { name: 'scalar', type: 'F16', shape: [] },
      { name: 'c', type: 'Q8_0', shape: [32, 2, 2, 2] },
    ] as const
    const header = parseGguf(writeGguf({ version, tensors }))
    expect(header.version).toBe(version)
    expect(header.tensors.map(({ name, type, shape }) => ({ name, type, shape }))).toEqual(tensors)
    expect(header.tensors.map((tensor) => tensor.bytes)).toEqual(tensors.map(tensorBytes))
    expect(header.tensors.map((tensor) => tensor.elements)).toEqual([1536, 7, 1, 256])
    expect(header.tensors.map((tensor) => tensor.offset)).toEqual([0, 864, 896, 928])
  })

  test.each<[string, Record<string, GgufValueToWrite>, number]>([
    ['32 bytes by default', {}, 32],
    ['what the file asks for', { 'general.alignment': u32(4096) }, 4096],
  ])('ends where tensor data starts, aligned to %s', (_, metadata, alignment) => {
    const header = parseGguf(writeGguf({ metadata, tensors: [{ name: 'a', type: 'F32', shape: [1] }] }))
    expect(header.dataOffset).toBeGreaterThan(0)
    expect(header.dataOffset % alignment).toBe(0)
  })
})

describe('a GGUF file on disk', () => {
  test('is read without its tensor data', async () => {
    const path = join(await tempFolder(), 'a.gguf')
    const big = { name: 'big', type: 'F32', shape: [1 << 20] } as const
    await writeFile(path, writeGguf({ metadata: { 'general.architecture': str('llama') }, tensors: [big] }))
    const header = await readGgufFile(path)
    expect(header.metadata.get('general.architecture')).toBe('llama')
    expect(header.tensors[0]?.bytes).toBe(4 << 20)
  })

  test('whose header is longer than the first piece read is read whole, and fast', async () => {
    const path = join(await tempFolder(), 'a.gguf')
    const tokens = Array.from({ length: 150_000 }, (_, id) => `token-${id}`)
    const metadata = { 'tokenizer.ggml.tokens': array('string', tokens), last: u32(9) }
    await writeFile(path, writeGguf({ metadata }))
    let header = await readGgufFile(path)
    let fastestMs = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < 3; attempt++) {
      const startedMs = performance.now()
      header = await readGgufFile(path)
      fastestMs = Math.min(fastestMs, performance.now() - startedMs)
    }
    expect(header.metadata.get('last')).toBe(9)
    const list = asArray(header.metadata.get('tokenizer.ggml.tokens'))
    expect(list.at(149_999)).toBe('token-149999')
    expect(list.toArray()).toEqual(tokens)
    expect(fastestMs).toBeLessThan(300)
  })

  test('that is missing is reported as the file system says it', async () => {
    await expect(readGgufFile(join(await tempFolder(), 'none.gguf'))).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  test('that is cut short is reported with the byte that is missing', async () => {
    const path = join(await tempFolder(), 'a.gguf')
    const header = new GgufBytes()
      .raw(Buffer.from('GGUF'))
      .u32(3)
      .u64(0)
      .u64(1)
      .string('key')
      .u32(8)
      .u64(1000)
    await writeFile(path, header.bytes())
    await expect(readGgufFile(path)).rejects.toMatchObject({
      name: 'GgufError',
      message: `cut short: the header needs byte ${header.length + 1000}, the file has ${header.length}`,
    })
  })
})
