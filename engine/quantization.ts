import { EngineError } from './errors.ts'
import { FILE_TYPES, type FileType, isFileType } from './gguf/file-type.ts'

/**
 * File types with tensors that llama.cpp quantizes only by an importance matrix, which Snug does not compute
 * (tensor_requires_imatrix in llama.cpp src/llama-quant.cpp).
 */
const BY_IMPORTANCE_MATRIX = [
  'Q2_K_S',
  'IQ1_S',
  'IQ1_M',
  'IQ2_XXS',
  'IQ2_XS',
  'IQ2_S',
  'IQ2_M',
  'IQ3_XXS',
  'IQ3_XS',
] as const satisfies readonly FileType[]
type ByImportanceMatrix = (typeof BY_IMPORTANCE_MATRIX)[number]

const needsMatrix = (type: FileType): type is ByImportanceMatrix =>
  BY_IMPORTANCE_MATRIX.some((other) => other === type)

/** The types weights can be quantized to. llama.cpp reads NVFP4 but has no recipe for it. */
export type QuantizationType = Exclude<FileType, ByImportanceMatrix | 'NVFP4'>

/** All of them. */
export const QUANTIZATION_TYPES: readonly QuantizationType[] = Object.keys(FILE_TYPES)
  .filter(isFileType)
  .filter((type): type is QuantizationType => type !== 'NVFP4' && !needsMatrix(type))

/**
 * The type a client names, in either case: `q4_K_M`, `Q8_0`, `f16`; `Q4_K` stands for Q4_K_M (ollama
 * fs/ggml/type.go). Ollama itself makes only F32, F16, BF16, Q8_0, Q4_K_S and Q4_K_M. Throws EngineError
 * `quantize_failed`: in Ollama's words for what nobody makes, in our own for what takes an importance matrix.
 */
export function parseQuantizationType(name: string): QuantizationType {
  const upper = name.toUpperCase()
  if (upper === 'Q4_K') return 'Q4_K_M'
  if (!isFileType(upper) || upper === 'NVFP4') {
    throw new EngineError(
      'quantize_failed',
      `unsupported quantization type ${upper} - supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0`,
    )
  }
  if (needsMatrix(upper)) {
    throw new EngineError(
      'quantize_failed',
      `${upper} needs an importance matrix, which this server does not compute: ` +
        'pull weights that are quantized already, or choose a larger type such as Q4_K_M, IQ4_XS, Q3_K_M or Q2_K',
    )
  }
  return upper
}
