import { describe, expect, test } from 'vitest'
import { projectorFor } from '../../../../engine/registry/hugging-face/projector.ts'
import {
  chooseQuantization,
  quantizationNamed,
  quantizationsOf,
} from '../../../../engine/registry/hugging-face/quantization.ts'

const files = (paths: readonly string[]) =>
  paths.map((path) => ({ path, size: 10, digest: undefined, gitHash: undefined }))
const names = (paths: readonly string[]) => quantizationsOf(files(paths)).map(({ name }) => name)

describe('what a file is called says how it is quantized', () => {
  test.each([
    ['Llama-3.2-1B-Instruct-Q4_K_M.gguf', 'Q4_K_M'],
    ['qwen2.5-7b-instruct-q5_k_m.gguf', 'Q5_K_M'],
    ['model.Q8_0.gguf', 'Q8_0'],
    ['gemma-3-4b-it-UD-Q4_K_XL.gguf', 'UD-Q4_K_XL'],
    ['Qwen3-30B-A3B-IQ2_XXS.gguf', 'IQ2_XXS'],
    ['gpt-oss-20b-mxfp4.gguf', 'MXFP4'],
    ['model-BF16.gguf', 'BF16'],
    ['ggml-model-f16.gguf', 'F16'],
    ['Q2_K/whole.gguf', 'Q2_K'],
    ['Q2-model-Q6_K.gguf', 'Q6_K'],
    ['My model (final).gguf', 'My_model_final_'],
    ['..gguf', 'model'],
    ['-x.gguf', 'x'],
  ])('%s', (path, name) => {
    expect(names([path])).toEqual([name])
  })

  test('files that are no models are none', () => {
    expect(
      names(['mmproj-F16.gguf', 'a/mtp-Q8_0.gguf', 'x.imatrix.gguf', 'README.md', 'Q4_K_M.txt']),
    ).toEqual([])
  })

  test('a split model counts when all its parts are there, each in its place', () => {
    const part = (number: number, of = 3) => `Q8_0/m-Q8_0-0000${number}-of-0000${of}.gguf`
    expect(names([part(1), part(3)])).toEqual([])
    const [whole] = quantizationsOf(files([part(3), part(1), part(2), part(1, 2)]))
    expect(whole?.parts.map(({ path }) => path)).toEqual([part(1), part(2), part(3)])
    expect(whole?.bytes).toBe(30)
  })

  test('a model of more parts than anybody makes is none', () => {
    expect(names(['m-Q8_0-00001-of-99999.gguf'])).toEqual([])
  })
})

describe('without a name', () => {
  test.each([
    [['Q8_0', 'Q4_K_M', 'Q2_K'], 'Q4_K_M'],
    [['UD-Q4_K_M', 'Q8_0', 'Q4_0'], 'UD-Q4_K_M'],
    [['Q3_K_M', 'Q5_K_M', 'F16'], 'Q5_K_M'],
    [['Q2_K', 'BF16'], 'Q2_K'],
    [['F32', 'F16'], 'F16'],
    [['odd'], 'ODD'],
  ])('of %j %s is chosen', (types, chosen) => {
    const found = chooseQuantization(quantizationsOf(files(types.map((type) => `m-${type}.gguf`))))
    expect(found?.name.toUpperCase().replace(/^M-/, '')).toBe(chosen)
  })

  test('nothing is chosen of several that are unknown', () => {
    expect(chooseQuantization(quantizationsOf(files(['a.gguf', 'b.gguf'])))).toBeUndefined()
  })

  test('a model at the top of the repository goes before the same in a folder', () => {
    const all = quantizationsOf(files(['a/m-Q4_K_M.gguf', 'z-Q4_K_M.gguf']))
    expect(chooseQuantization(all)?.parts[0]?.path).toBe('z-Q4_K_M.gguf')
  })
})

test('a tag means a quantization or a file, whatever its case', () => {
  const all = quantizationsOf(files(['m-Q8_0.gguf', 'm-Q4_K_M.gguf']))
  for (const tag of ['q8_0', 'M-q8_0.GGUF', 'm-Q8_0']) expect(quantizationNamed(all, tag)?.name).toBe('Q8_0')
  expect(quantizationNamed(all, 'Q8')).toBeUndefined()
})

describe('the projector of a model', () => {
  test.each([
    [['mmproj-Q8_0.gguf', 'mmproj-F16.gguf', 'mmproj-BF16.gguf'], 'mmproj-F16.gguf'],
    [['mmproj-F16.gguf', 'a/mmproj-BF16.gguf'], 'a/mmproj-BF16.gguf'],
    [['b/mmproj-F16.gguf', 'ab/mmproj-F16.gguf'], undefined],
    [['m.mmproj-q8_0.gguf'], 'm.mmproj-q8_0.gguf'],
  ])('of %j is %s', (paths, expected) => {
    const [model] = quantizationsOf(files(['a/m-Q8_0.gguf']))
    if (!model) throw new Error('no model')
    expect(projectorFor(files(paths), model)?.path).toBe(expected)
  })
})
