/** Models of zeros whose decode speed is measured: it depends on shapes and types, not on numbers. */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quantizedTensors } from '../engine/fit/recipe.ts'
import type { FileType } from '../engine/gguf/file-type.ts'
import { type GgufTensor, isTensorType } from '../test/helpers/gguf.ts'
import { writeZeros } from '../test/helpers/quantized.ts'
import { type ModelShape, metadataOf, tensorsOf } from '../test/helpers/random-model.ts'

const folder = fileURLToPath(new URL('.cache/fit', import.meta.url))

async function written(name: string, shape: ModelShape, tensors: readonly GgufTensor[]): Promise<string> {
  const path = join(folder, `${name}.gguf`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  await writeZeros(`${path}.part`, { metadata: metadataOf(shape), tensors })
  renameSync(`${path}.part`, path)
  return path
}

/** A file of the shape by the recipe of a file type. */
export function recipeModel(shape: ModelShape, fileType: FileType): Promise<string> {
  const { layers, heads, kvHeads, experts } = shape
  const model = { architecture: 'llama', layers, heads, kvHeads, experts: experts?.count ?? 0 }
  const tensors = quantizedTensors(model, tensorsOf(shape, 'F16'), fileType).map(({ name, type, shape }) => {
    if (!isTensorType(type)) throw new Error(`no file is written with ${type}`)
    return { name, type, shape }
  })
  return written(`${shape.name}-${fileType.toLowerCase()}`, shape, tensors)
}
