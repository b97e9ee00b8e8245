import { FEW, MANY } from './tags.ts'
import type { CatalogModel, Shape } from './types.ts'

type Sizes = Omit<Shape, 'keyLength' | 'valueLength'>

/** Small models of the Llama architecture with heads of 64. */
const small = (sizes: Sizes) => ({ family: 'llama', ...sizes, keyLength: 64, valueLength: 64 })

const smollm2 = (size: string, sizes: Omit<Sizes, 'vocabularySize'>): CatalogModel => ({
  name: `smollm2:${size}`,
  line: 'smollm2',
  architecture: small({ vocabularySize: 49152, isTied: true, ...sizes }),
  contextLength: 8192,
  tags: { pattern: `${size}-instruct-{type}`, fileTypes: size === '1.7b' ? MANY : FEW },
})

export const SMALL_MODELS: readonly CatalogModel[] = [
  smollm2('135m', { layers: 30, embeddingLength: 576, heads: 9, kvHeads: 3, feedForwardLength: 1536 }),
  smollm2('360m', { layers: 32, embeddingLength: 960, heads: 15, kvHeads: 5, feedForwardLength: 2560 }),
  smollm2('1.7b', { layers: 24, embeddingLength: 2048, heads: 32, kvHeads: 32, feedForwardLength: 8192 }),
  {
    name: 'tinyllama:1.1b',
    line: 'tinyllama',
    architecture: small({
      layers: 22,
      embeddingLength: 2048,
      vocabularySize: 32000,
      heads: 32,
      kvHeads: 4,
      feedForwardLength: 5632,
    }),
    contextLength: 2048,
    tags: { pattern: '1.1b-chat-v1-{type}', fileTypes: MANY },
  },
]
