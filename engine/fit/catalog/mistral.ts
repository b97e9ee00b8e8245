import { FEW, MANY } from './tags.ts'
import type { CatalogModel } from './types.ts'

/** Shapes after the config.json of Mistral AI's releases. */
const mistral = (
  layers: number,
  embeddingLength: number,
  heads: number,
  feedForwardLength: number,
  vocabularySize = 32768,
) => ({
  family: 'llama',
  layers,
  embeddingLength,
  heads,
  feedForwardLength,
  vocabularySize,
  kvHeads: 8,
  keyLength: 128,
  valueLength: 128,
})

const eightExperts = (feedForwardLength: number) => ({ count: 8, used: 2, feedForwardLength })

export const MISTRAL_MODELS: readonly CatalogModel[] = [
  {
    name: 'mistral:7b',
    line: 'mistral',
    architecture: mistral(32, 4096, 32, 14336),
    contextLength: 32768,
    tags: { pattern: '7b-instruct-v0.3-{type}', fileTypes: MANY },
  },
  {
    name: 'mistral-nemo:12b',
    line: 'mistral',
    architecture: mistral(40, 5120, 32, 14336, 131072),
    contextLength: 128000,
    tags: { pattern: '12b-instruct-2407-{type}', fileTypes: MANY },
  },
  {
    name: 'mistral-small:24b',
    line: 'mistral',
    architecture: mistral(40, 5120, 32, 32768, 131072),
    contextLength: 32768,
    tags: { pattern: '24b-instruct-2501-{type}', fileTypes: FEW },
  },
  {
    name: 'mistral-large:123b',
    line: 'mistral',
    architecture: mistral(88, 12288, 96, 28672),
    contextLength: 131072,
    tags: { pattern: '123b-instruct-2407-{type}', fileTypes: MANY },
  },
  {
    name: 'mixtral:8x7b',
    line: 'mixtral',
    architecture: { ...mistral(32, 4096, 32, 14336, 32000), experts: eightExperts(14336) },
    contextLength: 32768,
    tags: { pattern: '8x7b-instruct-v0.1-{type}', fileTypes: MANY },
  },
  {
    name: 'mixtral:8x22b',
    line: 'mixtral',
    architecture: { ...mistral(56, 6144, 48, 16384), experts: eightExperts(16384) },
    contextLength: 65536,
    tags: { pattern: '8x22b-instruct-v0.1-{type}', fileTypes: MANY },
  },
]
