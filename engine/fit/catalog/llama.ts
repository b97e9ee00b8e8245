import { FEW, MANY } from './tags.ts'
import type { CatalogModel, Shape } from './types.ts'

/** Shapes after the config.json of Meta's releases. */
const llama3 = (
  layers: number,
  embeddingLength: number,
  heads: number,
  feedForwardLength: number,
  more: Partial<Shape> = {},
) => ({
  family: 'llama',
  layers,
  embeddingLength,
  heads,
  feedForwardLength,
  vocabularySize: 128256,
  kvHeads: 8,
  keyLength: 128,
  valueLength: 128,
  ropeFrequencies: 64,
  ...more,
})

const instruct = (size: string, fileTypes = MANY) => ({ pattern: `${size}-instruct-{type}`, fileTypes })
const large = llama3(80, 8192, 64, 28672)

const llama4 = (count: number, step: number) => ({
  ...llama3(48, 5120, 40, 16384),
  family: 'llama4',
  vocabularySize: 202048,
  experts: { count, used: 1, feedForwardLength: 8192, sharedFeedForwardLength: 8192, step },
  window: { length: 8192, period: 4 },
})

export const LLAMA_MODELS: readonly CatalogModel[] = [
  {
    name: 'llama3.2:1b',
    line: 'llama3',
    architecture: llama3(16, 2048, 32, 8192, {
      keyLength: 64,
      valueLength: 64,
      ropeFrequencies: 32,
      isTied: true,
    }),
    contextLength: 131072,
    tags: instruct('1b'),
  },
  {
    name: 'llama3.2:3b',
    line: 'llama3',
    architecture: llama3(28, 3072, 24, 8192, { isTied: true }),
    contextLength: 131072,
    tags: instruct('3b'),
  },
  {
    name: 'llama3.1:8b',
    line: 'llama3',
    architecture: llama3(32, 4096, 32, 14336),
    contextLength: 131072,
    tags: instruct('8b'),
  },
  { name: 'llama3.1:70b', line: 'llama3', architecture: large, contextLength: 131072, tags: instruct('70b') },
  { name: 'llama3.3:70b', line: 'llama3', architecture: large, contextLength: 131072, tags: instruct('70b') },
  {
    name: 'llama3.1:405b',
    line: 'llama3',
    architecture: llama3(126, 16384, 128, 53248),
    contextLength: 131072,
    tags: instruct('405b'),
  },
  {
    name: 'llama4:scout',
    line: 'llama4',
    architecture: llama4(16, 1),
    contextLength: 10485760,
    tags: { pattern: '17b-scout-16e-instruct-{type}', fileTypes: FEW },
  },
  {
    name: 'llama4:maverick',
    line: 'llama4',
    architecture: llama4(128, 2),
    contextLength: 1048576,
    tags: { pattern: '17b-maverick-128e-instruct-{type}', fileTypes: FEW },
  },
  {
    name: 'llama2:7b',
    line: 'llama2',
    architecture: llama3(32, 4096, 32, 11008, { vocabularySize: 32000, kvHeads: 32, ropeFrequencies: 0 }),
    contextLength: 4096,
    tags: { pattern: '7b-chat-{type}', fileTypes: MANY },
  },
]
