import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Architecture, hyperparametersFrom } from '../../../engine/fit/architecture.ts'
import { quantizedFileBytes } from '../../../engine/fit/file-size.ts'
import { hyperparametersOf, recipeModelOf } from '../../../engine/fit/hyperparameters.ts'
import { needsImportanceMatrix, quantizedTensors } from '../../../engine/fit/recipe.ts'
import { FILE_TYPES, type FileType } from '../../../engine/gguf/file-type.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import type { GgufHeader } from '../../../engine/gguf/types.ts'
import { quantizeInChild } from '../../../engine/runner/quantize.ts'
import { dryQuantizer } from '../../helpers/dry-quantization.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { writeArchitecture } from '../../helpers/quantized.ts'

const SMALL: Architecture = {
  family: 'llama',
  layers: 16,
  embeddingLength: 256,
  vocabularySize: 64,
  heads: 8,
  kvHeads: 2,
  keyLength: 32,
  valueLength: 32,
  feedForwardLength: 288,
  ropeFrequencies: 16,
}

/** Every rule of the recipes applies to one of these. */
const ARCHITECTURES: Record<string, Architecture> = {
  'shared KV heads, rows of 288': SMALL,
  'a KV head for each query head, tied embeddings': {
    ...SMALL,
    layers: 17,
    kvHeads: 8,
    feedForwardLength: 512,
    isTied: true,
  },
  'rows of 48': { ...SMALL, layers: 2, feedForwardLength: 48 },
  'eight experts': {
    ...SMALL,
    layers: 9,
    feedForwardLength: 256,
    experts: { count: 8, used: 2, feedForwardLength: 256 },
  },
  'sixteen experts': {
    ...SMALL,
    family: 'qwen3moe',
    layers: 10,
    kvHeads: 4,
    hasQueryKeyNorms: true,
    experts: { count: 16, used: 2, feedForwardLength: 256 },
  },
  '80 layers of llama': {
    ...SMALL,
    layers: 80,
    embeddingLength: 32,
    heads: 2,
    kvHeads: 1,
    keyLength: 16,
    valueLength: 16,
    feedForwardLength: 32,
  },
  '80 layers of qwen2': {
    ...SMALL,
    family: 'qwen2',
    layers: 80,
    embeddingLength: 32,
    heads: 2,
    kvHeads: 2,
    keyLength: 16,
    valueLength: 16,
    feedForwardLength: 32,
    hasAttentionBiases: true,
  },
  'latent attention': {
    ...SMALL,
    family: 'deepseek2',
    layers: 10,
    heads: 4,
    kvHeads: 1,
    keyLength: 272,
    valueLength: 256,
    feedForwardLength: 512,
    latent: { queryRank: 256, rank: 256, plainLength: 32, ropeLength: 16, valueLength: 64 },
    experts: { count: 16, used: 2, feedForwardLength: 256, sharedFeedForwardLength: 256, denseLayers: 1 },
  },
  'gated delta nets': {
    ...SMALL,
    family: 'qwen3next',
    layers: 8,
    keyLength: 64,
    valueLength: 64,
    hasQueryKeyNorms: true,
    hasGatedQueries: true,
    hasPostAttentionNorm: true,
    lacksFeedForwardNorm: true,
    experts: {
      count: 16,
      used: 2,
      feedForwardLength: 256,
      sharedFeedForwardLength: 256,
      hasSharedGate: true,
    },
    recurrent: { interval: 4, convolution: 4, stateLength: 64, keyHeads: 2, valueHeads: 4 },
  },
  'fused matrices': {
    ...SMALL,
    family: 'phi3',
    feedForwardLength: 512,
    hasFusedAttention: true,
    hasFusedFeedForward: true,
  },
  falcon: {
    ...SMALL,
    family: 'falcon',
    layers: 32,
    heads: 8,
    kvHeads: 1,
    feedForwardLength: 512,
    hasFusedAttention: true,
  },
}

const llama = dryQuantizer()
/** No version of llama.cpp in use makes NVFP4. */
const MADE = (Object.keys(FILE_TYPES) as FileType[]).filter((type) => type !== 'NVFP4')

/** What the arithmetic says of a file, or that llama.cpp will not make it. */
function predicted(source: GgufHeader, fileType: FileType): string[] | 'refused' {
  try {
    const tensors = quantizedTensors(recipeModelOf(source), source.tensors, fileType)
    if (tensors.some((tensor) => needsImportanceMatrix(tensor, fileType))) return 'refused'
    return tensors.map(({ name, type }) => `${name} ${type}`)
  } catch (error) {
    expect(error).toMatchObject({ code: 'quantize_failed' })
    return 'refused'
  }
}

const REFUSALS = /this quantization requires an imatrix|no tensor type fallback is defined/

describe.each(Object.entries(ARCHITECTURES))('a model with %s', (_, architecture) => {
  test('becomes in every file type what the arithmetic says', async () => {
    const from = join(await tempFolder(), 'from.gguf')
    await writeArchitecture(from, architecture)
    const source = await readGgufFile(from)
    for (const fileType of MADE) {
      const made = llama.quantize(from, FILE_TYPES[fileType].id)
      if (!Array.isArray(made)) expect(made.refused).toMatch(REFUSALS)
      expect(predicted(source, fileType), fileType).toEqual(Array.isArray(made) ? made : 'refused')
    }
  })

  test('is read from its file as it was described', async () => {
    const from = join(await tempFolder(), 'from.gguf')
    await writeArchitecture(from, architecture)
    const read = hyperparametersOf(await readGgufFile(from))
    expect(read).toEqual(hyperparametersFrom(architecture))
  })
})

/** Rows of 256 and others, tensors in layers and outside, types kept and changed. */
test.each(['Q4_K_M', 'Q8_0', 'Q2_K', 'IQ4_XS', 'BF16'] as const)(
  'a file quantized to %s has the size and the tensors that the arithmetic says, to the byte',
  async (type) => {
    const folder = await tempFolder()
    const [from, to] = [join(folder, 'from.gguf'), join(folder, 'to.gguf')]
    await writeArchitecture(from, { ...SMALL, layers: 4 })
    const source = await readGgufFile(from)
    const options = { threads: 1, libraryDir: undefined, environment: {}, onProgress() {}, log() {} }
    const signal = new AbortController().signal
    const { bytes } = await quantizeInChild({ from, to, type }, { ...options, signal })
    const { tensors } = await readGgufFile(to)
    expect(bytes).toBe(quantizedFileBytes(source, type))
    expect(tensors.map((tensor) => `${tensor.name} ${tensor.type}`)).toEqual(predicted(source, type))
  },
)
