import { EngineError } from '../errors.ts'

export interface VectorShape {
  normalize: boolean
  /** The first numbers to keep; 0 or undefined keeps all. */
  dimensions: number | undefined
}

/**
 * A vector as the client wants it. What is cut is normalised on both sides of the cut, as in ollama
 * server/routes.go. Throws EngineError `bad_embedding` for a vector with NaN or infinity in it.
 */
export function shapeVector(raw: Float32Array, { normalize, dimensions = 0 }: VectorShape): Float32Array {
  if (!raw.every(Number.isFinite)) {
    throw new EngineError('bad_embedding', 'embedding contains NaN or Inf values')
  }
  const whole = normalize ? unit(raw) : raw
  if (dimensions <= 0 || dimensions >= raw.length) return whole
  const cut = whole.slice(0, dimensions)
  return normalize ? unit(cut) : cut
}

/** Shorter than this is taken for this long, so that zeros stay zeros (ollama server/routes.go). */
const SHORTEST = 1e-12

function unit(vector: Float32Array): Float32Array {
  let sum = 0
  for (const value of vector) sum += value * value
  const length = Math.max(Math.sqrt(sum), SHORTEST)
  return vector.map((value) => value / length)
}
