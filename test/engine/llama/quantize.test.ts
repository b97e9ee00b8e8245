import { expect, test } from 'vitest'
import { tensorInTurn } from '../../../engine/llama/quantize.ts'

test.each([
  [
    '[   1/  56] output_norm.weight                   - [   256,      1,      1,      1], type =    f32, ',
    'output_norm.weight',
  ],
  [
    '[1234/1234] blk.0.a_tensor_with_a_name_longer_than_its_column - [ 1, 1, 1, 1], type = bf16, ',
    'blk.0.a_tensor_with_a_name_longer_than_its_column',
  ],
  ['size =     0.12 MiB ->     0.04 MiB\n', undefined],
  ['llama_model_quantize_impl: quant size  =     2.20 MiB (4.84 BPW)\n', undefined],
])('the log line %j names the tensor %s', (line, name) => {
  expect(tensorInTurn(line)).toBe(name)
})
