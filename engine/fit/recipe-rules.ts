import { type BlockType, FILE_TYPES, type FileType } from '../gguf/file-type.ts'
import { tensorTypeNamed } from '../gguf/tensor-type.ts'
import type { TensorCategory } from './tensor-category.ts'

/**
 * The rules by which a recipe picks the block type of one matrix: llama_tensor_get_type_impl in llama.cpp
 * src/llama-quant.cpp. Divisions there are of integers, hence every Math.floor here.
 */
export interface RecipeTurn {
  fileType: FileType
  category: TensorCategory
  shape: readonly number[]
  /** `general.architecture`. */
  architecture: string
  /** Query heads for each KV head, rounded down; 0 without KV heads. */
  headsPerKvHead: number
  experts: number
  /** 80 layers with shared KV heads. */
  is70B: boolean
  /** The model has no output matrix: the token embedding takes its place. */
  isTied: boolean
  hasImportanceMatrix: boolean
  /** Where the tensor stands among `count` of its category; among values all that hold values count. */
  index: number
  count: number
  /** How many of its category came before it, which is not `index` in mixtures of experts. */
  seen: number
}

type Rule = (turn: RecipeTurn) => BlockType
type Rules = Partial<Record<FileType, Rule>>

const always =
  (type: BlockType): Rule =>
  () =>
    type
const standard: Rule = ({ fileType }) => FILE_TYPES[fileType].blockType

const isInFirst = (part: number, { index, count }: RecipeTurn) => index < Math.floor(count / part)
const isShared = ({ headsPerKvHead }: RecipeTurn) => headsPerKvHead >= 4
const isFalcon = ({ architecture }: RecipeTurn) => architecture === 'falcon'
const hasEightExperts = ({ experts }: RecipeTurn) => experts === 8

/** The first eighth, the last eighth and every third layer between. */
function takesMoreBits({ index, count }: RecipeTurn): boolean {
  const eighth = Math.floor(count / 8)
  return index < eighth || index >= Math.floor((7 * count) / 8) || (index - eighth) % 3 === 2
}

/** File types below three bits, with rules of their own. */
const SMALLEST: ReadonlySet<FileType> = new Set(['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ2_M'])
const isLargerOfSmallest = ({ fileType }: RecipeTurn) => fileType === 'IQ2_S' || fileType === 'IQ2_M'
const isOneBit = ({ fileType }: RecipeTurn) => fileType === 'IQ1_S' || fileType === 'IQ1_M'
const SMALLEST_RULES: Partial<Record<TensorCategory, Rule>> = {
  'attention-value'(turn) {
    if (isShared(turn) || turn.experts >= 4) return 'Q4_K'
    return isLargerOfSmallest(turn) ? 'IQ3_S' : 'Q2_K'
  },
  'attention-key': (turn) => (hasEightExperts(turn) ? 'Q4_K' : standard(turn)),
  'attention-output'(turn) {
    if (hasEightExperts(turn)) return 'Q5_K'
    if (isOneBit(turn)) return 'IQ2_XXS'
    return isLargerOfSmallest(turn) ? 'IQ3_S' : standard(turn)
  },
  'feed-forward-down'(turn) {
    // Unlike everywhere else, what counts is the order of visits, in mixtures of experts too.
    if (!isInFirst(8, { ...turn, index: turn.seen })) return standard(turn)
    return isLargerOfSmallest(turn) ? 'IQ3_S' : 'Q2_K'
  },
}

const OUTPUT_RULES: Rules = {
  MXFP4_MOE: always('Q8_0'),
  Q8_0: always('Q8_0'),
  IQ1_S: always('Q5_K'),
  IQ1_M: always('Q5_K'),
  IQ2_XXS: always('Q5_K'),
  IQ2_XS: always('Q5_K'),
  IQ2_S: always('Q5_K'),
  IQ2_M: always('Q5_K'),
  IQ3_XXS: always('Q5_K'),
}

function outputType(turn: RecipeTurn): BlockType {
  const rows = turn.shape[0] ?? 1
  const block = tensorTypeNamed(standard(turn))?.blockValues ?? 1
  if (isFalcon(turn) || rows % block !== 0) return 'Q8_0'
  return (OUTPUT_RULES[turn.fileType] ?? always('Q6_K'))(turn)
}

const TOKEN_EMBEDDING_RULES: Rules = {
  IQ1_S: always('Q2_K'),
  IQ1_M: always('Q2_K'),
  IQ2_XXS: always('Q2_K'),
  IQ2_XS: always('Q2_K'),
  IQ2_S: always('IQ3_S'),
  IQ2_M: always('IQ3_S'),
  IQ3_XXS: always('IQ3_S'),
  TQ1_0: always('Q4_K'),
  TQ2_0: always('Q4_K'),
  Q2_0: always('Q4_K'),
}

const ifShared =
  (type: BlockType): Rule =>
  (turn) =>
    isShared(turn) ? type : standard(turn)
const moreBits: Rule = (turn) => (takesMoreBits(turn) ? 'Q6_K' : standard(turn))

const VALUE_RULES: Rules = {
  Q2_K: (turn) => (isShared(turn) ? 'Q4_K' : 'Q3_K'),
  Q2_K_S: ifShared('Q4_K'),
  IQ3_XXS(turn) {
    if (isShared(turn)) return 'Q4_K'
    return turn.hasImportanceMatrix ? 'IQ3_XXS' : 'IQ3_S'
  },
  IQ3_XS: ifShared('Q4_K'),
  IQ3_S: ifShared('Q4_K'),
  IQ3_M: always('Q4_K'),
  Q3_K_M: ({ index }) => (index < 2 ? 'Q5_K' : 'Q4_K'),
  Q3_K_L: always('Q5_K'),
  IQ4_NL: ifShared('Q5_K'),
  IQ4_XS: ifShared('Q5_K'),
  Q4_K_M: moreBits,
  Q5_K_M: moreBits,
  Q4_K_S: (turn) => (turn.index < 4 ? 'Q5_K' : standard(turn)),
}

/** Shared by many query heads the matrix is small, and a few more bits weigh little. */
function valueType(turn: RecipeTurn): BlockType {
  if (hasEightExperts(turn)) return 'Q8_0'
  const type = (VALUE_RULES[turn.fileType] ?? standard)(turn)
  return turn.is70B && (type === 'Q3_K' || type === 'Q4_K') ? 'Q5_K' : type
}

const QUERY_RULES: Rules = { IQ3_XS: always('IQ3_XXS'), IQ3_XXS: always('IQ2_S') }

const firstWithoutMatrix: Rule = (turn) =>
  !turn.hasImportanceMatrix && isInFirst(8, turn) ? 'Q5_K' : standard(turn)
const firstWithMatrix =
  (type: BlockType): Rule =>
  (turn) =>
    turn.hasImportanceMatrix && isInFirst(8, turn) ? type : standard(turn)

const DOWN_RULES: Rules = {
  Q2_K: always('Q3_K'),
  Q2_K_S: (turn) => (isInFirst(8, turn) ? 'Q4_K' : standard(turn)),
  IQ3_XXS(turn) {
    if (turn.hasImportanceMatrix) return standard(turn)
    return isInFirst(8, turn) ? 'Q4_K' : 'Q3_K'
  },
  Q3_K_M(turn) {
    if (isInFirst(16, turn)) return 'Q5_K'
    return isFalcon(turn) && !takesMoreBits(turn) ? 'Q3_K' : 'Q4_K'
  },
  Q3_K_L: (turn) => (isFalcon(turn) ? 'Q4_K' : 'Q5_K'),
  IQ3_M(turn) {
    const isMore = isInFirst(8, turn) || (hasEightExperts(turn) && takesMoreBits(turn))
    return isMore ? 'Q4_K' : standard(turn)
  },
  Q4_K_M(turn) {
    if (!isFalcon(turn)) return moreBits(turn)
    if (isInFirst(16, turn)) return 'Q6_K'
    return takesMoreBits(turn) ? 'Q5_K' : 'Q4_K'
  },
  Q5_K_M: moreBits,
  Q4_K_S: (turn) => (!isFalcon(turn) && isInFirst(8, turn) ? 'Q5_K' : standard(turn)),
  IQ4_NL: firstWithoutMatrix,
  IQ4_XS: firstWithoutMatrix,
  Q4_0: firstWithMatrix('Q4_1'),
  Q5_0: firstWithMatrix('Q5_1'),
}

const ATTENTION_OUTPUT_RULES: Rules = {
  Q2_K: always('Q3_K'),
  IQ3_XXS: always('IQ3_S'),
  Q3_K_M: always('Q4_K'),
  IQ3_M: always('Q4_K'),
  Q3_K_L: always('Q5_K'),
}
const WIDER_WITH_EIGHT_EXPERTS: ReadonlySet<FileType> = new Set([
  'Q2_K',
  'IQ3_XXS',
  'IQ3_XS',
  'IQ3_S',
  'IQ3_M',
  'Q3_K_S',
  'Q3_K_M',
  'IQ4_NL',
  'IQ4_XS',
  'Q4_K_S',
  'Q4_K_M',
])

function attentionOutputType(turn: RecipeTurn): BlockType {
  const { fileType } = turn
  if (isFalcon(turn)) return fileType === 'Q3_K_L' ? 'Q4_K' : standard(turn)
  if (hasEightExperts(turn)) return WIDER_WITH_EIGHT_EXPERTS.has(fileType) ? 'Q5_K' : standard(turn)
  return (ATTENTION_OUTPUT_RULES[fileType] ?? standard)(turn)
}

const gateOrUpType: Rule = (turn) => {
  const { fileType, index, count } = turn
  const isInside = !isInFirst(8, turn) && index < Math.floor((7 * count) / 8)
  return fileType === 'IQ3_XS' && isInside ? 'IQ3_XXS' : standard(turn)
}

const CATEGORY_RULES: Record<TensorCategory, Rule> = {
  output: outputType,
  'token-embedding': (turn) => (TOKEN_EMBEDDING_RULES[turn.fileType] ?? standard)(turn),
  'attention-value': valueType,
  'attention-key': (turn) =>
    hasEightExperts(turn) ? 'Q8_0' : (QUERY_RULES[turn.fileType] ?? standard)(turn),
  'attention-query': (turn) => (QUERY_RULES[turn.fileType] ?? standard)(turn),
  'attention-output': attentionOutputType,
  'feed-forward-up': gateOrUpType,
  'feed-forward-gate': gateOrUpType,
  'feed-forward-down': (turn) => (DOWN_RULES[turn.fileType] ?? standard)(turn),
  other: standard,
}

/** The block type a recipe means a matrix to have, whether or not its rows can be cut into such blocks. */
export function intendedType(turn: RecipeTurn): BlockType {
  const { category, fileType } = turn
  if (category === 'output' || (turn.isTied && category === 'token-embedding')) return outputType(turn)
  // Experts are the only three-dimensional matrices but for those of latent attention, which share their fate.
  if (fileType === 'MXFP4_MOE') return (turn.shape[2] ?? 1) > 1 ? 'MXFP4' : 'Q8_0'
  if (SMALLEST.has(fileType) && category !== 'token-embedding') {
    return (SMALLEST_RULES[category] ?? standard)(turn)
  }
  return CATEGORY_RULES[category](turn)
}
