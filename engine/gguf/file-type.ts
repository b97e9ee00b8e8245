/**
 * The recipes for whole files: the number of each in enum llama_ftype (llama.cpp include/llama.h) and the block type
 * of a matrix that no rule of the recipe singles out (llama.cpp src/llama-quant.cpp). The names are those that
 * clients see (ollama fs/ggml/type.go).
 */
export const FILE_TYPES = {
  F32: { id: 0, blockType: 'F32' },
  F16: { id: 1, blockType: 'F16' },
  Q4_0: { id: 2, blockType: 'Q4_0' },
  Q4_1: { id: 3, blockType: 'Q4_1' },
  Q8_0: { id: 7, blockType: 'Q8_0' },
  Q5_0: { id: 8, blockType: 'Q5_0' },
  Q5_1: { id: 9, blockType: 'Q5_1' },
  Q2_K: { id: 10, blockType: 'Q2_K' },
  Q3_K_S: { id: 11, blockType: 'Q3_K' },
  Q3_K_M: { id: 12, blockType: 'Q3_K' },
  Q3_K_L: { id: 13, blockType: 'Q3_K' },
  Q4_K_S: { id: 14, blockType: 'Q4_K' },
  Q4_K_M: { id: 15, blockType: 'Q4_K' },
  Q5_K_S: { id: 16, blockType: 'Q5_K' },
  Q5_K_M: { id: 17, blockType: 'Q5_K' },
  Q6_K: { id: 18, blockType: 'Q6_K' },
  IQ2_XXS: { id: 19, blockType: 'IQ2_XXS' },
  IQ2_XS: { id: 20, blockType: 'IQ2_XS' },
  Q2_K_S: { id: 21, blockType: 'Q2_K' },
  IQ3_XS: { id: 22, blockType: 'IQ3_S' },
  IQ3_XXS: { id: 23, blockType: 'IQ3_XXS' },
  IQ1_S: { id: 24, blockType: 'IQ1_S' },
  IQ4_NL: { id: 25, blockType: 'IQ4_NL' },
  IQ3_S: { id: 26, blockType: 'IQ3_S' },
  IQ3_M: { id: 27, blockType: 'IQ3_S' },
  IQ2_S: { id: 28, blockType: 'IQ2_XS' },
  IQ2_M: { id: 29, blockType: 'IQ2_S' },
  IQ4_XS: { id: 30, blockType: 'IQ4_XS' },
  IQ1_M: { id: 31, blockType: 'IQ1_M' },
  BF16: { id: 32, blockType: 'BF16' },
  TQ1_0: { id: 36, blockType: 'TQ1_0' },
  TQ2_0: { id: 37, blockType: 'TQ2_0' },
  MXFP4_MOE: { id: 38, blockType: 'MXFP4' },
  NVFP4: { id: 39, blockType: 'NVFP4' },
  Q1_0: { id: 40, blockType: 'Q1_0' },
  Q2_0: { id: 41, blockType: 'Q2_0' },
} as const

/** A recipe for a whole file, which Ollama calls its quantization level. */
export type FileType = keyof typeof FILE_TYPES
/** What a recipe can make of a tensor. */
export type BlockType = (typeof FILE_TYPES)[FileType]['blockType']

/** Whether this is the name of a recipe, in capital letters. */
export const isFileType = (name: string): name is FileType => Object.hasOwn(FILE_TYPES, name)

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FILE_TYPES).map(([name, { id }]) => [id, name]),
)

/** The quantization level as clients show it, from `general.file_type`. Ollama takes a 0 for "not said". */
export const fileTypeText = (fileType: number | undefined): string =>
  (fileType && NAMES.get(fileType)) || 'unknown'

/** A parameter count as clients show it: `8.0B`, `3.80M`, `12K` (ollama format/format.go). */
export function parameterCountText(count: number): string {
  if (count >= 1e9) return `${decimals(count / 1e9, 1)}B`
  if (count >= 1e6) return `${decimals(count / 1e6, 2)}M`
  if (count >= 1e3) return `${(count / 1e3).toFixed(0)}K`
  return String(count)
}

const decimals = (value: number, digits: number) => value.toFixed(Number.isInteger(value) ? 0 : digits)
