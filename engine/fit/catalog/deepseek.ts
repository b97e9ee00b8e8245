import { FEW, MANY } from './tags.ts'
import type { CatalogModel, Shape } from './types.ts'

/** Lengths of latent attention that DeepSeek has kept since V2 (arXiv 2405.04434, 2412.19437). */
const latent = (queryRank: number) => ({
  queryRank,
  rank: 512,
  plainLength: 128,
  ropeLength: 64,
  valueLength: 128,
})

/** Files since April 2025 cache the latent row, as one head of rank and rope length together. */
const deepseek = (
  sizes: Pick<Shape, 'layers' | 'embeddingLength' | 'heads' | 'feedForwardLength'>,
  more: Pick<Shape, 'vocabularySize' | 'experts' | 'latent'>,
) => ({ family: 'deepseek2', ...sizes, kvHeads: 1, keyLength: 576, valueLength: 512, ...more })

const v3 = deepseek(
  { layers: 61, embeddingLength: 7168, heads: 128, feedForwardLength: 18432 },
  {
    vocabularySize: 129280,
    latent: latent(1536),
    experts: {
      count: 256,
      used: 8,
      feedForwardLength: 2048,
      sharedFeedForwardLength: 2048,
      denseLayers: 3,
      hasSelectionBias: true,
    },
  },
)

const giant = (name: string): CatalogModel => ({
  name: `${name}:671b`,
  line: name,
  architecture: v3,
  contextLength: 163840,
  tags: { pattern: '671b-{type}', fileTypes: FEW },
})

export const DEEPSEEK_MODELS: readonly CatalogModel[] = [
  giant('deepseek-v3'),
  giant('deepseek-r1'),
  {
    name: 'deepseek-v2:16b',
    line: 'deepseek-v2',
    architecture: deepseek(
      { layers: 27, embeddingLength: 2048, heads: 16, feedForwardLength: 10944 },
      {
        vocabularySize: 102400,
        latent: latent(0),
        experts: {
          count: 64,
          used: 6,
          feedForwardLength: 1408,
          sharedFeedForwardLength: 2816,
          denseLayers: 1,
        },
      },
    ),
    contextLength: 163840,
    tags: { pattern: '16b-lite-chat-{type}', fileTypes: MANY },
  },
  {
    name: 'deepseek-v2:236b',
    line: 'deepseek-v2',
    architecture: deepseek(
      { layers: 60, embeddingLength: 5120, heads: 128, feedForwardLength: 12288 },
      {
        vocabularySize: 102400,
        latent: latent(1536),
        experts: {
          count: 160,
          used: 6,
          feedForwardLength: 1536,
          sharedFeedForwardLength: 3072,
          denseLayers: 1,
        },
      },
    ),
    contextLength: 163840,
    tags: { pattern: '236b-chat-{type}', fileTypes: MANY },
  },
]
