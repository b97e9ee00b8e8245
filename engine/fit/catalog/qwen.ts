import { FEW, MANY } from './tags.ts'
import type { CatalogModel, Shape } from './types.ts'

type Sizes = readonly [
  layers: number,
  embeddingLength: number,
  heads: number,
  kvHeads: number,
  feedForwardLength: number,
]

/** Shapes after the config.json of the Qwen team's releases. */
const qwen = (
  family: string,
  [layers, embeddingLength, heads, kvHeads, feedForwardLength]: Sizes,
  more: Partial<Shape>,
) => ({
  family,
  layers,
  embeddingLength,
  heads,
  kvHeads,
  feedForwardLength,
  vocabularySize: 151936,
  keyLength: 128,
  valueLength: 128,
  ...more,
})

const qwen2 = (size: string, sizes: Sizes, more: Partial<Shape>): CatalogModel => ({
  name: `qwen2.5:${size}`,
  line: 'qwen2.5',
  architecture: qwen('qwen2', sizes, { hasAttentionBiases: true, ...more }),
  contextLength: 32768,
  tags: { pattern: `${size}-instruct-{type}`, fileTypes: MANY },
})
/** The larger sizes have a padded vocabulary and an output matrix of their own. */
const PADDED = { vocabularySize: 152064 }
const TIED = { isTied: true }

const qwen3 = (size: string, sizes: Sizes, more: Partial<Shape> = {}): CatalogModel => ({
  name: `qwen3:${size}`,
  line: 'qwen3',
  architecture: qwen(more.experts === undefined ? 'qwen3' : 'qwen3moe', sizes, {
    hasQueryKeyNorms: true,
    ...more,
  }),
  contextLength: 40960,
  tags: { pattern: `${size}-{type}`, fileTypes: FEW },
})
const experts = (feedForwardLength: number) => ({ experts: { count: 128, used: 8, feedForwardLength } })

export const QWEN_MODELS: readonly CatalogModel[] = [
  qwen2('0.5b', [24, 896, 14, 2, 4864], { ...TIED, keyLength: 64, valueLength: 64 }),
  qwen2('1.5b', [28, 1536, 12, 2, 8960], TIED),
  qwen2('3b', [36, 2048, 16, 2, 11008], TIED),
  qwen2('7b', [28, 3584, 28, 4, 18944], PADDED),
  qwen2('14b', [48, 5120, 40, 8, 13824], PADDED),
  qwen2('32b', [64, 5120, 40, 8, 27648], PADDED),
  qwen2('72b', [80, 8192, 64, 8, 29568], PADDED),
  qwen3('0.6b', [28, 1024, 16, 8, 3072], TIED),
  qwen3('1.7b', [28, 2048, 16, 8, 6144], TIED),
  qwen3('4b', [36, 2560, 32, 8, 9728], TIED),
  qwen3('8b', [36, 4096, 32, 8, 12288]),
  qwen3('14b', [40, 5120, 40, 8, 17408]),
  qwen3('32b', [64, 5120, 64, 8, 25600]),
  qwen3('30b-a3b', [48, 2048, 32, 4, 6144], experts(768)),
  qwen3('235b-a22b', [94, 4096, 64, 4, 12288], experts(1536)),
  {
    name: 'qwen3-next:80b',
    line: 'qwen3',
    architecture: qwen('qwen3next', [48, 2048, 16, 2, 5120], {
      keyLength: 256,
      valueLength: 256,
      hasQueryKeyNorms: true,
      hasGatedQueries: true,
      hasPostAttentionNorm: true,
      lacksFeedForwardNorm: true,
      experts: {
        count: 512,
        used: 10,
        feedForwardLength: 512,
        sharedFeedForwardLength: 512,
        hasSharedGate: true,
      },
      recurrent: { interval: 4, convolution: 4, stateLength: 128, keyHeads: 16, valueHeads: 32 },
    }),
    contextLength: 262144,
    tags: { pattern: '80b-a3b-instruct-{type}', fileTypes: FEW },
  },
]
