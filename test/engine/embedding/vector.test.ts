import { describe, expect, test } from 'vitest'
import { shapeVector } from '../../../engine/embedding/vector.ts'

const ALL = { normalize: true, dimensions: undefined }
const norm = (vector: Float32Array) => Math.hypot(...vector)

describe('a vector', () => {
  test('has length 1', () => {
    expect(Array.from(shapeVector(Float32Array.of(3, 4), ALL))).toEqual([Math.fround(0.6), Math.fround(0.8)])
  })

  test('of zeros stays zeros', () => {
    expect(Array.from(shapeVector(new Float32Array(3), ALL))).toEqual([0, 0, 0])
  })

  test('stays as the model gave it when that is wanted', () => {
    const raw = Float32Array.of(3, 4, 5)
    expect(shapeVector(raw, { normalize: false, dimensions: undefined })).toEqual(raw)
    expect(shapeVector(raw, { normalize: false, dimensions: 2 })).toEqual(Float32Array.of(3, 4))
  })

  test('that is cut has length 1 again', () => {
    const cut = shapeVector(Float32Array.of(1, 2, 3, 4), { normalize: true, dimensions: 2 })
    expect(cut).toHaveLength(2)
    expect(norm(cut)).toBeCloseTo(1, 6)
    expect((cut[1] ?? 0) / (cut[0] ?? 0)).toBeCloseTo(2, 5)
  })

  test.each([0, -3, 4, 99])('is not cut to %d of four numbers', (dimensions) => {
    expect(shapeVector(Float32Array.of(1, 2, 3, 4), { normalize: true, dimensions })).toHaveLength(4)
  })

  test.each([NaN, Infinity, -Infinity])('with %d in it is refused', (value) => {
    expect(() => shapeVector(Float32Array.of(1, value), ALL)).toThrow('embedding contains NaN or Inf values')
  })

  test('of tiny numbers still gets length 1', () => {
    expect(norm(shapeVector(Float32Array.of(1e-10, 1e-10), ALL))).toBeCloseTo(1, 6)
  })
})
