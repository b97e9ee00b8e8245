import { expect, test } from 'vitest'
import { parseQuantizationType } from '../../engine/quantization.ts'

test.each([
  ['q4_K_M', 'Q4_K_M'],
  ['Q4_K_M', 'Q4_K_M'],
  ['q4_k_s', 'Q4_K_S'],
  ['Q4_K', 'Q4_K_M'],
  ['q8_0', 'Q8_0'],
  ['f16', 'F16'],
  ['F32', 'F32'],
  ['bf16', 'BF16'],
])('%s is a name for %s', (name, type) => {
  expect(parseQuantizationType(name)).toBe(type)
})

test.each(['q3_K', 'Q5_0', 'constructor', ''])('%s is refused in Ollama’s words', (name) => {
  const message = `unsupported quantization type ${name.toUpperCase()} - supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0`
  expect(() => parseQuantizationType(name)).toThrow(
    expect.objectContaining({ code: 'quantize_failed', message }),
  )
})
