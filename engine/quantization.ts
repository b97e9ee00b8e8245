import { EngineError } from './errors.ts'

/** The types weights can be quantized to, with their numbers in enum llama_ftype (llama.cpp include/llama.h). */
export const QUANTIZATION_FILE_TYPE = {
  F32: 0,
  F16: 1,
  Q8_0: 7,
  Q4_K_S: 14,
  Q4_K_M: 15,
  BF16: 32,
} as const

export type QuantizationType = keyof typeof QUANTIZATION_FILE_TYPE

const isType = (name: string): name is QuantizationType => Object.hasOwn(QUANTIZATION_FILE_TYPE, name)

/**
 * The type a client names, in either case: `q4_K_M`, `Q8_0`, `f16`; `Q4_K` stands for Q4_K_M (ollama
 * fs/ggml/type.go). Throws EngineError `quantize_failed` in Ollama's words, which leave out BF16.
 */
export function parseQuantizationType(name: string): QuantizationType {
  const upper = name.toUpperCase()
  if (upper === 'Q4_K') return 'Q4_K_M'
  if (isType(upper)) return upper
  throw new EngineError(
    'quantize_failed',
    `unsupported quantization type ${upper} - supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0`,
  )
}
