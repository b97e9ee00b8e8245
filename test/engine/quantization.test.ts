import { describe, expect, test } from 'vitest'
import type { Architecture } from '../../engine/fit/architecture.ts'
import { recipeModelFrom } from '../../engine/fit/architecture.ts'
import { needsImportanceMatrix, quantizedTensors } from '../../engine/fit/recipe.ts'
import { tensorsOf } from '../../engine/fit/tensor-list.ts'
import { FILE_TYPES, type FileType } from '../../engine/gguf/file-type.ts'
import { parseQuantizationType, QUANTIZATION_TYPES } from '../../engine/quantization.ts'

test.each([
  ['q4_K_M', 'Q4_K_M'],
  ['Q4_K_M', 'Q4_K_M'],
  ['q4_k_s', 'Q4_K_S'],
  ['Q4_K', 'Q4_K_M'],
  ['q8_0', 'Q8_0'],
  ['f16', 'F16'],
  ['F32', 'F32'],
  ['bf16', 'BF16'],
  ['q5_k_m', 'Q5_K_M'],
  ['Q3_K_L', 'Q3_K_L'],
  ['iq4_xs', 'IQ4_XS'],
  ['mxfp4_moe', 'MXFP4_MOE'],
])('%s is a name for %s', (name, type) => {
  expect(parseQuantizationType(name)).toBe(type)
})

test.each(['q3_K', 'Q5_K', 'NVFP4', 'constructor', ''])('%s is refused in Ollama’s words', (name) => {
  const message = `unsupported quantization type ${name.toUpperCase()} - supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0`
  expect(() => parseQuantizationType(name)).toThrow(
    expect.objectContaining({ code: 'quantize_failed', message }),
  )
})

test('a type that takes an importance matrix is refused with the reason and a way out', () => {
  expect(() => parseQuantizationType('iq2_xs')).toThrow(
    expect.objectContaining({
      code: 'quantize_failed',
      message: expect.stringMatching(
        /^IQ2_XS needs an importance matrix.*choose a larger type such as Q4_K_M/,
      ),
    }),
  )
})

describe('what is offered and what is not', () => {
  const llama: Architecture = {
    family: 'llama',
    layers: 16,
    embeddingLength: 2048,
    vocabularySize: 32_000,
    heads: 32,
    kvHeads: 8,
    keyLength: 64,
    valueLength: 64,
    feedForwardLength: 8192,
  }
  const types = Object.keys(FILE_TYPES).filter((type): type is FileType => type !== 'NVFP4')

  test.each(types)('%s is offered when an ordinary model needs no importance matrix for it', (type) => {
    const made = quantizedTensors(recipeModelFrom(llama), tensorsOf(llama), type)
    const needsMatrix = made.some((tensor) => needsImportanceMatrix(tensor, type))
    expect(QUANTIZATION_TYPES.some((offered) => offered === type)).toBe(!needsMatrix)
  })
})
