import { expect, test } from 'vitest'
import { fileTypeText, parameterCountText } from '../../../engine/gguf/file-type.ts'

test.each([
  [8_030_261_248, '8.0B'],
  [70_553_706_496, '70.6B'],
  [7_000_000_000, '7B'],
  [3_800_000, '3.80M'],
  [494_032_768, '494.03M'],
  [1_000_000, '1M'],
  [12_345, '12K'],
  [1000, '1K'],
  [999, '999'],
  [0, '0'],
])('%i parameters are shown as %s', (count, text) => {
  expect(parameterCountText(count)).toBe(text)
})

test.each([
  [1, 'F16'],
  [2, 'Q4_0'],
  [7, 'Q8_0'],
  [15, 'Q4_K_M'],
  [22, 'IQ3_XS'],
  [32, 'BF16'],
  [38, 'MXFP4_MOE'],
  [40, 'Q1_0'],
  [41, 'Q2_0'],
  [0, 'unknown'],
  [4, 'unknown'],
  [1024, 'unknown'],
  [undefined, 'unknown'],
])('file type %s is shown as %s', (fileType, text) => {
  expect(fileTypeText(fileType)).toBe(text)
})
