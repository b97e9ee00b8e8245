import { describe, expect, test } from 'vitest'
import {
  type CacheLayout,
  type CacheType,
  cacheBytes,
  cacheBytesPerLayer,
  cacheCells,
  kvBytesPerToken,
} from '../../../engine/fit/cache.ts'

const MIB = 2 ** 20

const layout = (change: Partial<CacheLayout> = {}): CacheLayout => ({
  contextLength: 8192,
  sequences: 1,
  isUnified: true,
  stepTokens: 512,
  keyType: 'f16',
  valueType: 'f16',
  ...change,
})

const attention = (keyValues: number, valueValues: number, isSliding = false) => ({
  keyValues,
  valueValues,
  isSliding,
  stateValues: 0,
})
const model = (memory: ReturnType<typeof attention>[], windowLength = 0) => ({ memory, windowLength })

describe('a cache with attention to everything', () => {
  // Llama 3.1 8B: 32 layers, 8 KV heads of 128.
  const llama = model(Array.from({ length: 32 }, () => attention(1024, 1024)))

  test.each<[string, Partial<CacheLayout>, number]>([
    ['grows with the context', {}, 1024],
    ['of 128k tokens takes 16 GiB', { contextLength: 131_072 }, 16_384],
    ['is allotted in groups of 256 tokens', { contextLength: 8193 }, 1056],
    ['in 8 bits takes 34 bytes for 32 values', { keyType: 'q8_0', valueType: 'q8_0' }, 544],
    ['may have values in fewer bits than keys', { keyType: 'q8_0', valueType: 'q4_0' }, 272 + 144],
    ['shared by sequences is as large as for one', { sequences: 4 }, 1024],
    ['split between sequences is too', { sequences: 4, isUnified: false }, 1024],
    ['split unevenly rounds every part up', { sequences: 3, isUnified: false }, 3 * 352],
  ])('%s', (_, change, mib) => {
    expect(cacheBytes(llama, layout(change)) / MIB).toBe(mib)
  })
})

test('a compressed cache has one row a token and no values', () => {
  // DeepSeek-V3: 61 layers, a rank of 512 and 64 rotated values.
  const deepseek = model(Array.from({ length: 61 }, () => attention(576, 0)))
  expect(cacheBytes(deepseek, layout())).toBe(61 * 8192 * 576 * 2)
})

describe('a sliding window', () => {
  // Gemma 3 27B: of 62 layers every sixth sees everything, the others 1024 tokens.
  const gemma = model(
    Array.from({ length: 62 }, (_, layer) => attention(2048, 2048, layer % 6 < 5)),
    1024,
  )

  test.each<[string, Partial<CacheLayout>, number, number]>([
    ['keeps the window and one step of tokens', {}, 8192, 1536],
    ['never keeps more than the context', { contextLength: 1024 }, 1024, 1024],
    ['takes larger steps into account', { stepTokens: 2048 }, 8192, 3072],
    ['is there once for each sequence in a shared pool', { sequences: 4 }, 8192, 4608],
    ['keeps everything when prefixes are to be used again', { keepsWholeWindow: true }, 8192, 8192],
  ])('%s', (_, change, full, sliding) => {
    expect(cacheCells(gemma.windowLength, layout(change))).toEqual({ streams: 1, full, sliding })
  })

  test('stops growing in the layers that slide', () => {
    const [small, large] = [layout(), layout({ contextLength: 32_768 })].map((it) =>
      cacheBytesPerLayer(gemma, it),
    )
    expect([small?.[0], small?.[5]]).toEqual([12 * MIB, 64 * MIB])
    expect([large?.[0], large?.[5]]).toEqual([12 * MIB, 256 * MIB])
  })
})

test('a recurrent layer keeps one state for each sequence, whatever the context', () => {
  // Qwen3-Next: a convolution of 24,576 values and a state of 524,288.
  const layer = { keyValues: 0, valueValues: 0, isSliding: false, stateValues: 24_576 + 524_288 }
  const hybrid = { memory: [layer], windowLength: 0 }
  expect(cacheBytes(hybrid, layout())).toBe(2_195_456)
  expect(cacheBytes(hybrid, layout({ contextLength: 131_072, sequences: 4 }))).toBe(4 * 2_195_456)
})

test.each<[CacheType, number[], number, number, number]>([
  // Llama 3.1 8B: 32 layers, 8 KV heads of 128.
  ['f16', Array(32).fill(8), 128, 128, 131_072],
  ['q8_0', Array(32).fill(8), 128, 128, 69_632],
  ['q4_0', Array(32).fill(8), 128, 128, 36_864],
  // Layers without attention keep nothing.
  ['f16', [0, 2, 0, 2], 64, 32, 768],
])('a token in a %s cache of these heads takes %j', (type, kvHeads, keyLength, valueLength, bytes) => {
  expect(kvBytesPerToken({ kvHeads, keyLength, valueLength }, type)).toBe(bytes)
})

test('a header that does not tell the heads gives no size', () => {
  expect(kvBytesPerToken({ kvHeads: [], keyLength: 64, valueLength: 64 }, 'f16')).toBeUndefined()
  expect(kvBytesPerToken({ kvHeads: [2], keyLength: undefined, valueLength: 64 }, 'f16')).toBeUndefined()
})
