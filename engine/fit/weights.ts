import { GgufError } from '../gguf/error.ts'
import { tensorTypeNamed } from '../gguf/tensor-type.ts'
import type { WeightTensor } from './recipe.ts'
import { isTokenEmbedding, layerOf } from './tensor-category.ts'

/** Bytes of a tensor's data. Throws GgufError for a type that does not exist and for rows that it cannot hold. */
export function tensorBytes({ name, type, shape }: WeightTensor): number {
  const block = tensorTypeNamed(type)
  if (block === undefined) throw new GgufError(`tensor ${name} has the unknown type ${type}`)
  const [row = 1] = shape
  if (row % block.blockValues !== 0) {
    throw new GgufError(
      `tensor ${name} has rows of ${row}, no multiple of the ${block.blockValues} of ${type}`,
    )
  }
  return (elementsOf({ shape }) / block.blockValues) * block.blockBytes
}

/** How many weights a tensor holds. */
export const elementsOf = ({ shape }: Pick<WeightTensor, 'shape'>): number =>
  shape.reduce((product, length) => product * length, 1)

/** Bytes of all tensors' data, without the padding between them. */
export const weightBytes = (tensors: readonly WeightTensor[]): number =>
  tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0)

/** Weights by the place where llama.cpp puts them, in bytes. */
export interface WeightParts {
  /** Stays in host memory: the tables that tokens are looked up in. */
  lookup: number
  /** What comes after the last layer: counts as one more layer when layers are put on devices. */
  output: number
  /** `experts` are the routed ones, `dense` is everything else. */
  layers: { dense: number; experts: number }[]
}

/** Bytes by block type of what tokens are computed with; a tied embedding is the output too. */
export function bytesByType(tensors: readonly WeightTensor[]): {
  dense: Record<string, number>
  experts: Record<string, number>
} {
  const isTied = !tensors.some(({ name }) => name === 'output.weight')
  const sums: Record<'dense' | 'experts', Record<string, number>> = { dense: {}, experts: {} }
  for (const tensor of tensors) {
    const isOutput = isTied && tensor.name === 'token_embd.weight'
    if (isTokenEmbedding(tensor.name) && !isOutput) continue
    const sum = sums[isExpertTensor(tensor) ? 'experts' : 'dense']
    sum[tensor.type] = (sum[tensor.type] ?? 0) + tensorBytes(tensor)
  }
  return sums
}

const EXPERTS = /\.ffn_\w+_exps\.|\.ffn_(up|down|gate)\.\d+\./

/** Whether the tensor belongs to routed experts, of which few answer to a token. */
export const isExpertTensor = ({ name }: Pick<WeightTensor, 'name'>): boolean => EXPERTS.test(name)

/**
 * The parts of a model's weights (llama.cpp src/llama-model.cpp). A model with tied embeddings has its embedding
 * matrix twice when it is offloaded: the second copy is the output.
 */
export function weightParts(tensors: readonly WeightTensor[], layers: number): WeightParts {
  const parts: WeightParts = {
    lookup: 0,
    output: 0,
    layers: Array.from({ length: layers }, () => ({ dense: 0, experts: 0 })),
  }
  const isTied = !tensors.some(({ name }) => name === 'output.weight')
  for (const tensor of tensors) {
    const bytes = tensorBytes(tensor)
    const layer = parts.layers[layerOf(tensor.name) ?? -1]
    if (layer !== undefined) layer[isExpertTensor(tensor) ? 'experts' : 'dense'] += bytes
    else if (isTokenEmbedding(tensor.name)) parts.lookup += bytes
    else parts.output += bytes
    if (isTied && tensor.name === 'token_embd.weight') parts.output += bytes
  }
  return parts
}
