import { FEW, MANY } from './tags.ts'
import type { CatalogModel, Shape } from './types.ts'

type Sizes = readonly [
  layers: number,
  embeddingLength: number,
  heads: number,
  kvHeads: number,
  headLength: number,
  feedForwardLength: number,
]

/** Shapes after the config.json of Google's releases; images are the business of a projector of its own. */
const gemma = (
  family: string,
  [layers, embeddingLength, heads, kvHeads, headLength, feedForwardLength]: Sizes,
  more: Pick<Shape, 'vocabularySize' | 'window'> & Partial<Shape>,
) => ({
  family,
  layers,
  embeddingLength,
  heads,
  kvHeads,
  feedForwardLength,
  keyLength: headLength,
  valueLength: headLength,
  isTied: true,
  hasPostAttentionNorm: true,
  hasPostFeedForwardNorm: true,
  ...more,
})

const gemma2 = (size: string, sizes: Sizes): CatalogModel => ({
  name: `gemma2:${size}`,
  line: 'gemma2',
  architecture: gemma('gemma2', sizes, { vocabularySize: 256000, window: { length: 4096, period: 2 } }),
  contextLength: 8192,
  tags: { pattern: `${size}-instruct-{type}`, fileTypes: MANY },
})

const gemma3 = (
  size: string,
  sizes: Sizes,
  { contextLength = 131072, window = 1024 } = {},
): CatalogModel => ({
  name: `gemma3:${size}`,
  line: 'gemma3',
  architecture: gemma('gemma3', sizes, {
    vocabularySize: 262144,
    hasQueryKeyNorms: true,
    window: { length: window, period: 6 },
  }),
  contextLength,
  tags: { pattern: `${size}-it-{type}`, fileTypes: FEW },
})

export const GEMMA_MODELS: readonly CatalogModel[] = [
  gemma2('2b', [26, 2304, 8, 4, 256, 9216]),
  gemma2('9b', [42, 3584, 16, 8, 256, 14336]),
  gemma2('27b', [46, 4608, 32, 16, 128, 36864]),
  gemma3('1b', [26, 1152, 4, 1, 256, 6912], { contextLength: 32768, window: 512 }),
  gemma3('4b', [34, 2560, 8, 4, 256, 10240]),
  gemma3('12b', [48, 3840, 16, 8, 256, 15360]),
  gemma3('27b', [62, 5376, 32, 16, 128, 21504]),
]
