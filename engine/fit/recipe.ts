import { EngineError } from '../errors.ts'
import { type BlockType, FILE_TYPES, type FileType } from '../gguf/file-type.ts'
import { tensorTypeNamed } from '../gguf/tensor-type.ts'
import { intendedType } from './recipe-rules.ts'
import {
  isQuantizable,
  isTokenEmbedding,
  layerOf,
  type TensorCategory,
  tensorCategory,
} from './tensor-category.ts'

/** A tensor as recipes see it. */
export interface WeightTensor {
  name: string
  /** The block type's name, such as `Q4_K`. */
  type: string
  /** Fastest dimension first. */
  shape: readonly number[]
}

/** What recipes ask of a model beside its tensors. */
export interface RecipeModel {
  /** `general.architecture`. */
  architecture: string
  /** All of them, those that predict further tokens included. */
  layers: number
  /** Query and KV heads of the first layer. */
  heads: number
  kvHeads: number
  /** 0 or 1 without a mixture of experts. */
  experts: number
}

export interface RecipeOptions {
  /** Quantized by an importance matrix, which changes some rules. */
  hasImportanceMatrix?: boolean
}

/** Types without blocks: a recipe for one of them is the same for all that may be converted. */
const PLAIN: ReadonlySet<BlockType> = new Set(['F32', 'F16', 'BF16'])
const LLAMA_70B_LAYERS = 80

/**
 * The tensors of a model after quantization to a file type, in the order in which they stand in the new file
 * (llama.cpp src/llama-quant.cpp). Throws EngineError `quantize_failed` for a tensor with rows that neither the
 * recipe's block type nor a substitute can hold; llama.cpp refuses such a model too.
 */
export function quantizedTensors(
  model: RecipeModel,
  tensors: readonly WeightTensor[],
  fileType: FileType,
  { hasImportanceMatrix = false }: RecipeOptions = {},
): WeightTensor[] {
  const sorted = inOrderOfVisits(tensors)
  const standard = FILE_TYPES[fileType].blockType
  if (PLAIN.has(standard)) {
    return sorted.map((tensor) => (isQuantizable(tensor) ? { ...tensor, type: standard } : tensor))
  }
  const headsPerKvHead = model.kvHeads === 0 ? 0 : Math.floor(model.heads / model.kvHeads)
  const traits = {
    ...model,
    fileType,
    hasImportanceMatrix,
    headsPerKvHead,
    is70B: is70B(model),
    isTied: !tensors.some(({ name }) => name === 'output.weight'),
  }
  const places = placesIn(model, tensors)
  return sorted.map((tensor) => {
    if (!isQuantizable(tensor)) return tensor
    const category = tensorCategory(tensor.name)
    const { shape } = tensor
    const type = intendedType({ ...traits, category, shape, ...places(tensor.name, category) })
    return { ...tensor, type: fittingType(tensor, type) }
  })
}

/** By layer and then by name; those outside the layers first (weight_name_comparer in src/llama-model-loader.h). */
function inOrderOfVisits(tensors: readonly WeightTensor[]): WeightTensor[] {
  const keyed = tensors.map((tensor) => ({ tensor, layer: layerOf(tensor.name) ?? -1 }))
  keyed.sort((a, b) => a.layer - b.layer || (a.tensor.name < b.tensor.name ? -1 : 1))
  return keyed.map(({ tensor }) => tensor)
}

/** The models that llama.cpp takes for a 70B (src/models/llama.cpp, src/models/qwen2.cpp). */
const is70B = ({ architecture, layers, heads, kvHeads }: RecipeModel): boolean =>
  layers === LLAMA_70B_LAYERS && (architecture === 'qwen2' || (architecture === 'llama' && heads !== kvHeads))

type Place = { index: number; count: number; seen: number }

/** A function to be called for every tensor in the order of visits, that counts along. */
function placesIn(
  { layers, experts }: RecipeModel,
  tensors: readonly WeightTensor[],
): (name: string, category: TensorCategory) => Place {
  const values = tensors.filter(({ name }) => tensorCategory(name) === 'attention-value').length
  const visits = new Map<TensorCategory, number>()
  return (name, category) => {
    const seen = visits.get(category) ?? 0
    visits.set(category, seen + 1)
    if (category === 'attention-value') return { index: seen, count: values, seen }
    // Experts that are tensors of their own do not come in the order of layers.
    return { index: experts > 1 ? (layerOf(name) ?? seen) : seen, count: layers, seen }
  }
}

/** Stands in where rows are no multiple of the block; where that does not fit either, F16 does. */
const SUBSTITUTES: Partial<Record<BlockType, BlockType>> = {
  IQ1_S: 'IQ4_NL',
  IQ1_M: 'IQ4_NL',
  IQ2_XXS: 'IQ4_NL',
  IQ2_XS: 'IQ4_NL',
  IQ2_S: 'IQ4_NL',
  IQ3_XXS: 'IQ4_NL',
  IQ3_S: 'IQ4_NL',
  IQ4_XS: 'IQ4_NL',
  Q2_0: 'Q4_0',
  Q2_K: 'Q4_0',
  Q3_K: 'Q4_0',
  TQ1_0: 'Q4_0',
  TQ2_0: 'Q4_0',
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
}

const isSmallBlock = (type: BlockType): boolean => tensorTypeNamed(type)?.blockValues === 32

function fittingType({ name, shape }: WeightTensor, type: BlockType): BlockType {
  const row = shape[0] ?? 1
  const fits = (candidate: BlockType) => row % (tensorTypeNamed(candidate)?.blockValues ?? 1) === 0
  if (fits(type)) return type
  const substitute = SUBSTITUTES[type] ?? (isSmallBlock(type) ? 'F16' : undefined)
  if (substitute === undefined) {
    throw new EngineError('quantize_failed', `tensor ${name} has rows of ${row}, which ${type} cannot hold`)
  }
  return fits(substitute) ? substitute : 'F16'
}

/** Types that are garbage unless an importance matrix says which weights matter. */
const BY_MATRIX: ReadonlySet<string> = new Set(['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS'])

/**
 * Whether llama.cpp makes this tensor of this file only by an importance matrix (tensor_requires_imatrix in
 * llama.cpp src/llama-quant.cpp).
 */
export function needsImportanceMatrix({ name, type }: WeightTensor, fileType: FileType): boolean {
  if (isTokenEmbedding(name) || name === 'output.weight') return false
  return BY_MATRIX.has(type) || (type === 'Q2_K' && fileType === 'Q2_K_S')
}
