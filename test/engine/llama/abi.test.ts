import { expect, test } from 'vitest'
import { checkAbi } from '../../../engine/llama/abi.ts'
import { openLibrary } from '../../../engine/llama/library.ts'
import { findLibraryDir } from '../../../engine/llama/library-dir.ts'

const library = openLibrary(findLibraryDir(undefined))

test('the packaged library has the layout this build knows', () => {
  expect(() => checkAbi(library)).not.toThrow()
})

test('a library of an unknown version is refused with both versions', () => {
  const strange = { ...library, version: () => '9.9.9-dev' }
  expect(() => checkAbi(strange)).toThrow(
    /libllama 9\.9\.9-dev is not one this build knows \(0\.4\.0, 0\.5\.0\)/,
  )
})

test('a library whose defaults come out shifted is refused with the field', () => {
  const shifted = {
    ...library,
    defaultContextParams: () => ({ ...library.defaultContextParams(), n_ctx: 2048 }),
  }
  expect(() => checkAbi(shifted)).toThrow(/llama_context_params\.n_ctx is 2048 by default, expected 512/)
})

test('a library that would quantize with shifted settings is refused with the field', () => {
  const shifted = {
    ...library,
    defaultQuantizeParams: () => ({ ...library.defaultQuantizeParams(), allow_requantize: true }),
  }
  expect(() => checkAbi(shifted)).toThrow(
    /llama_model_quantize_params\.allow_requantize is true by default, expected false/,
  )
})
