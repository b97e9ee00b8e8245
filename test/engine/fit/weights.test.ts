import { describe, expect, test } from 'vitest'
import { type Architecture, recipeModelFrom } from '../../../engine/fit/architecture.ts'
import { quantizedTensors } from '../../../engine/fit/recipe.ts'
import { tensorsOf } from '../../../engine/fit/tensor-list.ts'
import { elementsOf, tensorBytes, weightBytes, weightParts } from '../../../engine/fit/weights.ts'
import type { FileType } from '../../../engine/gguf/file-type.ts'
import {
  DEEPSEEK_V3,
  GEMMA_3_27B,
  GPT_OSS_20B,
  LLAMA_8B,
  MIXTRAL_8X7B,
  QWEN_3_NEXT,
  QWEN_72B,
} from '../../helpers/architectures.ts'

const MIB = 2 ** 20
const inType = (architecture: Architecture, type: FileType, hasImportanceMatrix = false) =>
  quantizedTensors(recipeModelFrom(architecture), tensorsOf(architecture), type, { hasImportanceMatrix })

test.each<[string, Architecture, number]>([
  ['Llama 3.1 8B', LLAMA_8B, 8_030_261_312],
  ['Qwen2.5 72B', QWEN_72B, 72_706_203_648],
  ['Mixtral 8x7B', MIXTRAL_8X7B, 46_702_792_704],
  ['Gemma 3 27B', GEMMA_3_27B, 27_009_002_240],
  ['gpt-oss 20B', GPT_OSS_20B, 20_914_757_184],
  ['DeepSeek-V3', DEEPSEEK_V3, 671_026_419_200],
  ['Qwen3-Next', QWEN_3_NEXT, 79_674_391_296],
])('%s has as many weights as its makers say', (_, architecture, weights) => {
  expect(tensorsOf(architecture).reduce((sum, tensor) => sum + elementsOf(tensor), 0)).toBe(weights)
})

/** Bits per weight of Llama 3.1 8B in llama.cpp's tools/quantize/README.md. */
test.each<[FileType, number, 'by matrix'?]>([
  ['IQ1_S', 2.0042, 'by matrix'],
  ['IQ1_M', 2.146, 'by matrix'],
  ['IQ2_XXS', 2.3824, 'by matrix'],
  ['IQ2_XS', 2.5882, 'by matrix'],
  ['IQ2_S', 2.7403, 'by matrix'],
  ['IQ2_M', 2.9294, 'by matrix'],
  ['IQ3_XXS', 3.2548, 'by matrix'],
  ['IQ3_XS', 3.4977, 'by matrix'],
  ['IQ3_S', 3.6606],
  ['IQ3_M', 3.7628],
  ['IQ4_XS', 4.4597],
  ['IQ4_NL', 4.6818],
  ['Q2_K_S', 2.9697, 'by matrix'],
  ['Q2_K', 3.1593],
  ['Q3_K_S', 3.6429],
  ['Q3_K_M', 3.996],
  ['Q3_K_L', 4.2979],
  ['Q4_K_S', 4.6672],
  ['Q4_K_M', 4.8944],
  ['Q5_K_S', 5.5704],
  ['Q5_K_M', 5.7036],
  ['Q6_K', 6.5633],
  ['Q8_0', 8.5008],
  ['F16', 16.0005],
])('a weight of Llama 3.1 8B takes in %s %d bits, as llama.cpp documents', (type, bits, matrix) => {
  const bytes = weightBytes(inType(LLAMA_8B, type, matrix !== undefined))
  expect((bytes * 8) / 8_030_261_312).toBeCloseTo(bits, 4)
})

/** What llama.cpp's `llama-quantize --dry-run` prints. */
test.each<[string, FileType, Architecture, number]>([
  // Rows of 29,568 are no multiple of 256.
  ['Qwen2.5 72B', 'Q4_K_M', QWEN_72B, 47_409_725_440],
  ['Qwen2.5 72B', 'Q2_K', QWEN_72B, 29_805_772_800],
  ['Mixtral 8x7B', 'Q3_K_M', MIXTRAL_8X7B, 22_545_711_104],
  ['Mixtral 8x7B', 'MXFP4_MOE', MIXTRAL_8X7B, 25_667_715_072],
  ['Gemma 3 27B', 'Q4_0', GEMMA_3_27B, 15_560_551_424],
  ['gpt-oss 20B', 'MXFP4_MOE', GPT_OSS_20B, 12_096_558_336],
  ['DeepSeek-V3', 'Q4_K_M', DEEPSEEK_V3, 404_488_847_360],
  ['DeepSeek-V3', 'IQ4_XS', DEEPSEEK_V3, 359_559_284_736],
  ['Qwen3-Next', 'Q4_K_M', QWEN_3_NEXT, 48_483_058_688],
])('%s weighs in %s what llama.cpp says', (_, type, architecture, bytes) => {
  expect(weightBytes(inType(architecture, type))).toBe(bytes)
})

test('an importance matrix changes what some recipes do', () => {
  const sizes = [false, true].map((matrix) => weightBytes(inType(LLAMA_8B, 'IQ4_XS', matrix)))
  expect(sizes).toEqual([4_476_526_848, 4_439_826_688])
})

describe('the places of weights', () => {
  const inMib = (architecture: Architecture) => {
    const { lookup, output, layers } = weightParts(inType(architecture, 'Q4_K_M'), architecture.layers)
    const sum = (of: 'dense' | 'experts') => layers.reduce((total, layer) => total + layer[of], 0)
    return { lookup, device: output + sum('dense') + sum('experts'), experts: sum('experts') }
  }

  test('the table of tokens stays on the host', () => {
    const { lookup, device, experts } = inMib(LLAMA_8B)
    expect([lookup, device, experts].map((bytes) => Math.floor(bytes / MIB))).toEqual([281, 4403, 0])
  })

  test('tied embeddings are there twice', () => {
    const { lookup, device } = inMib(GEMMA_3_27B)
    expect([lookup, device].map((bytes) => Math.floor(bytes / MIB))).toEqual([1102, 15_773])
  })

  test('the routed experts are nearly all of a large mixture', () => {
    const { device, experts } = inMib(DEEPSEEK_V3)
    expect(Math.floor(device / MIB)).toBe(385_253)
    expect(experts / device).toBeCloseTo(0.975, 3)
  })
})

describe('a tensor', () => {
  test('of a type that does not exist has no size', () => {
    expect(() => tensorBytes({ name: 'x', type: 'Q9_K', shape: [256] })).toThrow(/unknown type Q9_K/)
  })

  test('with rows that its type cannot hold has no size', () => {
    expect(() => tensorBytes({ name: 'x', type: 'Q4_K', shape: [320, 2] })).toThrow(
      /rows of 320, no multiple of the 256 of Q4_K/,
    )
  })
})
