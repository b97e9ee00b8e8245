import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ModelShape, writeRandomModel } from '../test/helpers/random-model.ts'

/** Qwen2.5 0.5B: its dimensions, its tensors, not its vocabulary's texts (see random-model.ts). */
export const SHAPE_QWEN_05B: ModelShape = {
  name: 'random-qwen2-0.5b',
  architecture: 'qwen2',
  ropeBase: 1_000_000,
  embedding: 896,
  layers: 24,
  heads: 14,
  kvHeads: 2,
  feedForward: 4864,
  vocabulary: 151_936,
  contextLength: 32_768,
}

/** The vocabulary of a large model and next to nothing to compute: what is left is the cost of moving tokens. */
export const SHAPE_EMPTY: ModelShape = {
  name: 'random-empty',
  embedding: 32,
  layers: 1,
  heads: 1,
  kvHeads: 1,
  feedForward: 32,
  vocabulary: 151_936,
  contextLength: 4096,
}

const folder = fileURLToPath(new URL('.cache', import.meta.url))

/** The file of a shape with random weights, written at the first call. */
export async function generatedModel(shape: ModelShape): Promise<string> {
  const path = join(folder, `${shape.name}.gguf`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  // Under another name until it is whole, should somebody stop it half-way.
  const part = `${path}.part`
  await writeRandomModel(part, shape)
  renameSync(part, path)
  return path
}
