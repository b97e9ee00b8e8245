/** Networks of models that everybody knows, from their published configurations. */
import type { Architecture } from '../../engine/fit/architecture.ts'

export const LLAMA_8B: Architecture = {
  family: 'llama',
  layers: 32,
  embeddingLength: 4096,
  vocabularySize: 128_256,
  heads: 32,
  kvHeads: 8,
  keyLength: 128,
  valueLength: 128,
  feedForwardLength: 14_336,
  ropeFrequencies: 64,
}

export const QWEN_72B: Architecture = {
  ...LLAMA_8B,
  family: 'qwen2',
  layers: 80,
  embeddingLength: 8192,
  vocabularySize: 152_064,
  heads: 64,
  feedForwardLength: 29_568,
  ropeFrequencies: 0,
  hasAttentionBiases: true,
}

export const MIXTRAL_8X7B: Architecture = {
  ...LLAMA_8B,
  vocabularySize: 32_000,
  ropeFrequencies: 0,
  experts: { count: 8, used: 2, feedForwardLength: 14_336 },
}

export const GEMMA_3_27B: Architecture = {
  family: 'gemma3',
  layers: 62,
  embeddingLength: 5376,
  vocabularySize: 262_144,
  heads: 32,
  kvHeads: 16,
  keyLength: 128,
  valueLength: 128,
  feedForwardLength: 21_504,
  isTied: true,
  hasQueryKeyNorms: true,
  hasPostAttentionNorm: true,
  hasPostFeedForwardNorm: true,
  window: { length: 1024, period: 6 },
}

export const GPT_OSS_20B: Architecture = {
  family: 'gpt-oss',
  layers: 24,
  embeddingLength: 2880,
  vocabularySize: 201_088,
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
  experts: { count: 32, used: 4, feedForwardLength: 2880, hasBiases: true },
}

export const DEEPSEEK_V3: Architecture = {
  family: 'deepseek2',
  layers: 61,
  embeddingLength: 7168,
  vocabularySize: 129_280,
  heads: 128,
  kvHeads: 1,
  keyLength: 576,
  valueLength: 512,
  feedForwardLength: 18_432,
  latent: { queryRank: 1536, rank: 512, plainLength: 128, ropeLength: 64, valueLength: 128 },
  experts: {
    count: 256,
    used: 8,
    feedForwardLength: 2048,
    sharedFeedForwardLength: 2048,
    denseLayers: 3,
    hasSelectionBias: true,
  },
}

export const QWEN_3_NEXT: Architecture = {
  family: 'qwen3next',
  layers: 48,
  embeddingLength: 2048,
  vocabularySize: 151_936,
  heads: 16,
  kvHeads: 2,
  keyLength: 256,
  valueLength: 256,
  feedForwardLength: 5120,
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
}
