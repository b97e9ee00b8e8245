import type { FileType } from '../gguf/file-type.ts'

/** How much of a model's quality a quantization keeps, from worst to best. */
export const QUALITY_LABELS = [
  'Unknown',
  'Very Low',
  'Low',
  'Fair',
  'Good',
  'Very Good',
  'Excellent',
  'Near Perfect',
  'Full',
] as const
export type QualityLabel = (typeof QUALITY_LABELS)[number]

/**
 * Mean Kullback-Leibler divergence of the next token's distribution from that of F16, for Llama 3 8B on wikitext
 * with an importance matrix (llama.cpp tools/perplexity/README.md). Other models lose other amounts in the same
 * order, so these numbers rank and are never shown.
 */
const DIVERGENCE: Partial<Record<FileType, number>> = {
  F32: 0,
  BF16: 0,
  F16: 0,
  Q8_0: 0.0014,
  Q6_K: 0.0055,
  Q5_K_M: 0.0108,
  Q5_K_S: 0.0166,
  Q5_1: 0.018,
  Q5_0: 0.022,
  Q4_K_M: 0.0282,
  Q4_K_S: 0.032,
  IQ4_NL: 0.0357,
  IQ4_XS: 0.0363,
  Q4_1: 0.0717,
  Q4_0: 0.0719,
  Q3_K_L: 0.0731,
  Q3_K_M: 0.0844,
  IQ3_M: 0.1025,
  IQ3_S: 0.1113,
  IQ3_XS: 0.1387,
  IQ3_XXS: 0.1836,
  Q3_K_S: 0.1998,
  IQ2_M: 0.326,
  Q2_K: 0.332,
  Q2_K_S: 0.403,
  IQ2_S: 0.439,
  IQ2_XS: 0.546,
  IQ2_XXS: 0.812,
  IQ1_M: 1.393,
  IQ1_S: 2.25,
}

/** A label holds below its divergence. */
const LIMITS: readonly (readonly [below: number, QualityLabel])[] = [
  [0.001, 'Full'],
  [0.003, 'Near Perfect'],
  [0.008, 'Excellent'],
  [0.025, 'Very Good'],
  [0.05, 'Good'],
  [0.12, 'Fair'],
  [0.5, 'Low'],
  [Number.POSITIVE_INFINITY, 'Very Low'],
]

interface Quantized {
  fileType: FileType
  isNative: boolean
}

/** What is lost: 0 for nothing, Infinity for types that nobody has measured. */
export const divergenceOf = ({ fileType, isNative }: Quantized): number =>
  isNative ? 0 : (DIVERGENCE[fileType] ?? Number.POSITIVE_INFINITY)

export const qualityOf = (quantized: Quantized): QualityLabel =>
  LIMITS.find(([below]) => divergenceOf(quantized) < below)?.[1] ?? 'Unknown'

/** Higher is better. */
export const qualityRank = (label: QualityLabel): number => QUALITY_LABELS.indexOf(label)
