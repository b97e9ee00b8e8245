import type { FileType } from '../gguf/file-type.ts'
import type { GgufHeader } from '../gguf/types.ts'
import { recipeModelOf } from './hyperparameters.ts'
import { quantizedTensors, type RecipeOptions, type WeightTensor } from './recipe.ts'
import { dimensionsOf } from './tensor-category.ts'
import { tensorBytes } from './weights.ts'

/** llama.cpp writes no other alignment (GGUF_DEFAULT_ALIGNMENT in ggml/include/gguf.h). */
const ALIGNMENT = 32
/** Magic, version, number of tensors, number of metadata entries (ggml docs/gguf.md). */
const PREAMBLE_BYTES = 4 + 4 + 8 + 8
/** A file's vocabulary takes 25 bytes a token with SentencePiece, 40 to 60 with merges. */
const VOCABULARY_BYTES_PER_TOKEN = 40

const padded = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

/** Entries that llama.cpp writes itself, and entries of a file in parts, which it leaves out. */
const REWRITTEN = ['general.quantization_version', 'general.file_type']
const LEFT_OUT = ['split.no', 'split.count', 'split.tensors.count']

/**
 * Size in bytes of the file that `llama_model_quantize` makes of a source in one file with this header (llama.cpp
 * src/llama-quant.cpp): metadata is copied, and two entries are written anew. Throws EngineError `quantize_failed`
 * where the recipe cannot be followed.
 */
export function quantizedFileBytes(
  source: Pick<GgufHeader, 'metadata' | 'encoded' | 'tensors'>,
  fileType: FileType,
  options?: RecipeOptions,
): number {
  const tensors = quantizedTensors(recipeModelOf(source), source.tensors, fileType, options)
  const descriptions = tensors.reduce((sum, tensor) => sum + descriptionBytes(tensor), 0)
  const data = tensors.reduce((sum, tensor) => sum + padded(tensorBytes(tensor)), 0)
  return padded(PREAMBLE_BYTES + metadataBytes(source) + descriptions) + data
}

function metadataBytes({ metadata, encoded }: Pick<GgufHeader, 'metadata' | 'encoded'>): number {
  const copied = [...metadata.keys()].filter((key) => !REWRITTEN.includes(key) && !LEFT_OUT.includes(key))
  const sizes = [
    ...copied.map((key) => textBytes(key) + (encoded(key)?.length ?? 0)),
    // The number of the type and a number of 32 bits.
    ...REWRITTEN.map((key) => textBytes(key) + 4 + 4),
  ]
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}

/** The length, then the text. */
const textBytes = (text: string): number => 8 + Buffer.byteLength(text)

/** Name; number of dimensions and each of them; type; offset. */
const descriptionBytes = ({ name, shape }: WeightTensor): number =>
  textBytes(name) + 4 + 8 * dimensionsOf(shape) + 4 + 8

/**
 * About what a file holds beside its tensors' data, when nothing of it is known but the vocabulary's size. Right
 * within half of it, which is a percent of a model with half a billion parameters and nothing of a large one.
 */
export const likelyHeaderBytes = (vocabularySize: number): number =>
  VOCABULARY_BYTES_PER_TOKEN * vocabularySize
