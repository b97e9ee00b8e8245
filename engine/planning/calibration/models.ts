/** The models that a CPU is calibrated with. All weights are 0: their number and their type take the time. */
import { join } from 'node:path'
import type { Architecture } from '../../fit/architecture.ts'
import type { CpuSample } from '../../fit/cpu-profile.ts'
import { headerFacts } from '../../fit/model-facts.ts'
import { tensorsOf } from '../../fit/tensor-list.ts'
import type { ModelFacts } from '../../fit/types.ts'
import { readGgufFile } from '../../gguf/read.ts'
import type { GgufToWrite } from '../../gguf/write.ts'
import { writeZeros } from '../../gguf/write-zeros.ts'
import { typeNamed } from '../targets/file-type.ts'

/** A model's part in the calibration, as `cpuProfileFrom` names them. */
type Part = 'wide' | 'thin' | 'thinWithExperts'

export interface CalibrationModel {
  part: Part
  label: string
  /** Absolute path of its file. */
  path: string
  /** What it is a sample of, once it is known how fast it was. */
  sample: Omit<CpuSample, 'secondsPerToken'>
}

/** The block types of what people run; weights of others are estimated by the bandwidth of memory. */
export const CALIBRATED_TYPES = ['Q8_0', 'Q6_K', 'Q5_K', 'Q4_K', 'Q3_K', 'Q4_0', 'MXFP4', 'F16'] as const
/** Of the models with many layers, which say how long a layer takes. */
const THIN_TYPE = 'Q8_0'

const VOCABULARY = 512
const BASE = { family: 'llama', vocabularySize: VOCABULARY, isTied: true } as const
/** Few wide layers: the time is that of weights. */
const WIDE: Architecture = {
  ...BASE,
  layers: 4,
  embeddingLength: 2048,
  heads: 16,
  kvHeads: 4,
  keyLength: 128,
  valueLength: 128,
  feedForwardLength: 5632,
}
/** Many narrow layers: the time is that of layers. */
const THIN: Architecture = {
  ...BASE,
  layers: 48,
  embeddingLength: 256,
  heads: 4,
  kvHeads: 2,
  keyLength: 64,
  valueLength: 64,
  feedForwardLength: 256,
}
const THIN_EXPERTS: Architecture = {
  ...THIN,
  layers: 24,
  experts: { count: 16, used: 4, feedForwardLength: 256 },
}

/** Writes the models' files into a folder that exists. They hardly take room there. */
export async function calibrationModels(folder: string): Promise<CalibrationModel[]> {
  const models: CalibrationModel[] = []
  for (const type of CALIBRATED_TYPES) models.push(await written(folder, 'wide', WIDE, type))
  models.push(await written(folder, 'thin', THIN, THIN_TYPE))
  models.push(await written(folder, 'thinWithExperts', THIN_EXPERTS, THIN_TYPE))
  return models
}

async function written(
  folder: string,
  part: Part,
  architecture: Architecture,
  type: (typeof CALIBRATED_TYPES)[number],
): Promise<CalibrationModel> {
  const path = join(folder, `calibration-${part.toLowerCase()}-${type.toLowerCase()}.gguf`)
  const tensors = tensorsOf(architecture, 'F16').map((tensor) =>
    tensor.type === 'F32' ? tensor : { ...tensor, type },
  )
  await writeZeros(path, { metadata: metadataOf(architecture), tensors })
  const fileType = typeNamed(type)
  const offer = fileType && ({ name: part, fileType, source: 'installed', isNative: false } as const)
  const facts = offer && headerFacts(await readGgufFile(path), offer)
  if (facts === undefined) throw new Error(`the calibration model ${path} does not say enough`)
  return { part, label: `${part} ${type}`, path, sample: sampleOf(type, facts) }
}

function sampleOf(
  type: string,
  { offers, experts, hyperparameters }: ModelFacts,
): CalibrationModel['sample'] {
  const [offer] = offers
  const { dense = {}, experts: ofExperts = {} } = offer?.typeBytes ?? {}
  const share = experts === undefined ? 1 : experts.used / experts.count
  return {
    type,
    bytes: (dense[type] ?? 0) + share * (ofExperts[type] ?? 0),
    layers: hyperparameters.memory.length,
    expertLayers: offer?.parts.layers.filter((layer) => layer.experts > 0).length ?? 0,
  }
}

const uint32 = (value: number) => ({ type: 'uint32', value }) as const
const float32 = (value: number) => ({ type: 'float32', value }) as const
const string = (value: string) => ({ type: 'string', value }) as const

/** What llama.cpp insists on reading. */
function metadataOf(architecture: Architecture): GgufToWrite['metadata'] {
  const { family, layers, embeddingLength, heads, kvHeads, keyLength, feedForwardLength, experts } =
    architecture
  const own = (key: string) => `${family}.${key}`
  return [
    ['general.architecture', string(family)],
    [own('context_length'), uint32(CALIBRATION_CONTEXT)],
    [own('embedding_length'), uint32(embeddingLength)],
    [own('block_count'), uint32(layers)],
    [own('feed_forward_length'), uint32(feedForwardLength)],
    [own('attention.head_count'), uint32(heads)],
    [own('attention.head_count_kv'), uint32(kvHeads)],
    [own('attention.layer_norm_rms_epsilon'), float32(1e-6)],
    [own('rope.dimension_count'), uint32(keyLength)],
    ...(experts === undefined
      ? []
      : ([
          [own('expert_count'), uint32(experts.count)],
          [own('expert_used_count'), uint32(experts.used)],
        ] as const)),
    ...VOCABULARY_ENTRIES,
  ]
}

/** Tokens: enough for a prompt of a few and an answer. */
export const CALIBRATION_CONTEXT = 512

/** SentencePiece's kinds of tokens. */
const [NORMAL, UNKNOWN, CONTROL, BYTE] = [1, 2, 3, 6]
const SPECIAL = ['<unk>', '<s>', '</s>']
const BYTES = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
)
const OTHERS = VOCABULARY - SPECIAL.length - BYTES.length
const TOKENS = [...SPECIAL, ...BYTES, ...Array.from({ length: OTHERS }, (_, at) => `word${at}`)]
const KINDS = [
  UNKNOWN,
  CONTROL,
  CONTROL,
  ...BYTES.map(() => BYTE),
  ...Array.from({ length: OTHERS }, () => NORMAL),
]

const VOCABULARY_ENTRIES: GgufToWrite['metadata'] = [
  ['tokenizer.ggml.model', string('llama')],
  ['tokenizer.ggml.tokens', { type: 'array', value: { of: 'string', items: TOKENS } }],
  ['tokenizer.ggml.scores', { type: 'array', value: { of: 'float32', items: TOKENS.map((_, id) => -id) } }],
  ['tokenizer.ggml.token_type', { type: 'array', value: { of: 'int32', items: KINDS } }],
]
