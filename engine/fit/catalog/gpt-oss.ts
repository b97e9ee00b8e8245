import type { CatalogModel } from './types.ts'

/** OpenAI's open weights, trained with experts in four bits: rows of 2880 fit no K type, which only adds bytes. */
const gptOss = (size: string, layers: number, count: number): CatalogModel => ({
  name: `gpt-oss:${size}`,
  line: 'gpt-oss',
  architecture: {
    family: 'gpt-oss',
    layers,
    embeddingLength: 2880,
    vocabularySize: 201088,
    heads: 64,
    kvHeads: 8,
    keyLength: 64,
    valueLength: 64,
    feedForwardLength: 2880,
    hasAttentionBiases: true,
    hasAttentionOutputBias: true,
    hasAttentionSinks: true,
    hasPostAttentionNorm: true,
    lacksFeedForwardNorm: true,
    window: { length: 128, period: 2 },
    experts: { count, used: 4, feedForwardLength: 2880, hasBiases: true },
  },
  contextLength: 131072,
  nativeType: 'MXFP4_MOE',
  tags: { pattern: size, fileTypes: ['MXFP4_MOE'] },
})

export const GPT_OSS_MODELS: readonly CatalogModel[] = [gptOss('20b', 24, 32), gptOss('120b', 36, 128)]
