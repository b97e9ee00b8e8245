/** What models are made of in benches: one of each way there is. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { modelContents, randomWeights, TINY } from '../test/helpers/hf-model.ts'
import { type ModelShape, SHAPE_SMALL, writeRandomModel } from '../test/helpers/random-model.ts'

export interface Recipe {
  name: string
  files: ReadonlyMap<string, Buffer>
  /** The type to store the weights in; empty for their own. */
  quantize: string
  /** In the title of the process that does the work, where there is one. */
  child?: string
}

/** Rows that every type can hold, and weights of some megabytes. */
const SHAPE: ModelShape = { ...SHAPE_SMALL, name: 'faulty', embedding: 256, feedForward: 512, layers: 4 }

/** `folder` is for files on the way. */
export async function recipes(folder: string): Promise<Recipe[]> {
  const path = join(folder, 'f16.gguf')
  await writeRandomModel(path, SHAPE, { weights: 'F16' })
  const gguf = new Map([['f16.gguf', await readFile(path)]])
  const config = { ...TINY, hidden_size: 256, intermediate_size: 512, num_hidden_layers: 4 }
  const contents = modelContents(config, randomWeights(config, 'F16'), 'F16')
  const source = new Map(
    Object.entries(contents).map(([name, content]) => [
      name,
      content instanceof Buffer ? content : Buffer.from(JSON.stringify(content)),
    ]),
  )
  return [
    { name: 'GGUF', files: gguf, quantize: '' },
    { name: 'GGUF, quantized', files: gguf, quantize: 'q4_K_M', child: 'quantize' },
    { name: 'safetensors', files: source, quantize: '', child: 'convert' },
    { name: 'safetensors, quantized', files: source, quantize: 'q8_0', child: 'convert' },
  ]
}
