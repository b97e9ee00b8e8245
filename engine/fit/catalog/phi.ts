import { FEW, MANY } from './tags.ts'
import type { CatalogModel, Shape } from './types.ts'

type Sizes = Omit<Shape, 'valueLength' | 'hasFusedAttention' | 'hasFusedFeedForward'>

/** Shapes after the config.json of Microsoft's releases. */
const phi = ({ keyLength, ...sizes }: Sizes) => ({
  family: 'phi3',
  ...sizes,
  keyLength,
  valueLength: keyLength,
  hasFusedAttention: true,
  hasFusedFeedForward: true,
})

export const PHI_MODELS: readonly CatalogModel[] = [
  {
    name: 'phi3.5:3.8b',
    line: 'phi',
    architecture: phi({
      layers: 32,
      embeddingLength: 3072,
      vocabularySize: 32064,
      heads: 32,
      kvHeads: 32,
      keyLength: 96,
      feedForwardLength: 8192,
      ropeFactors: 48,
    }),
    contextLength: 131072,
    tags: { pattern: '3.8b-mini-instruct-{type}', fileTypes: MANY },
  },
  {
    name: 'phi4-mini:3.8b',
    line: 'phi',
    architecture: phi({
      layers: 32,
      embeddingLength: 3072,
      vocabularySize: 200064,
      heads: 24,
      kvHeads: 8,
      keyLength: 128,
      feedForwardLength: 8192,
      isTied: true,
      ropeFactors: 48,
    }),
    contextLength: 131072,
    tags: { pattern: '3.8b-{type}', fileTypes: FEW },
  },
  {
    name: 'phi4:14b',
    line: 'phi',
    architecture: phi({
      layers: 40,
      embeddingLength: 5120,
      vocabularySize: 100352,
      heads: 40,
      kvHeads: 10,
      keyLength: 128,
      feedForwardLength: 17920,
    }),
    contextLength: 16384,
    tags: { pattern: '14b-{type}', fileTypes: FEW },
  },
]
