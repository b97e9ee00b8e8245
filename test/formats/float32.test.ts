import { describe, expect, test } from 'vitest'
import { shortFloat32 } from '../../formats/float32.ts'

test.each([
  [0.1, '0.1'],
  [1 / 3, '0.33333334'],
  [-0.5, '-0.5'],
  [0, '0'],
  [16_777_216, '16777216'],
  [1e-7, '1e-7'],
  [3.4028234663852886e38, '3.4028235e+38'],
  [0.12345679104328156, '0.12345679'],
])('the float32 nearest to %d is written as %s', (value, text) => {
  expect(JSON.stringify(shortFloat32(Math.fround(value)))).toBe(text)
})

describe('any float32', () => {
  const bits = new Uint32Array(5000)
  for (let i = 0, state = 1; i < bits.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    // Exponents around zero, where embeddings are.
    bits[i] = (state & 0x83ff_ffff) | 0x3800_0000
  }
  const values = new Float32Array(bits.buffer)

  test('is the same float32 when it is read back, in nine digits at most', () => {
    const written = Array.from(values, (value) => JSON.stringify(shortFloat32(value)))
    expect(written.map((text) => Math.fround(Number(text)))).toEqual(Array.from(values))
    const digits = written.map((text) => text.replace(/^-?0\.0*|[-.]|e.*$/g, '').length)
    expect(Math.max(...digits)).toBe(9)
  })
})
