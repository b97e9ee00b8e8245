/** The types of metadata values; the position is the number that stands in a file (ggml/include/gguf.h). */
export const VALUE_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const
export type GgufValueType = (typeof VALUE_TYPES)[number]
/** Those whose values all take the same number of bytes. */
export type FixedValueType = Exclude<GgufValueType, 'string' | 'array'>

/** 64-bit integers are numbers where a number holds them exactly. */
export type GgufScalar = number | bigint | boolean | string
export type GgufValue = GgufScalar | GgufArray

/** An array checked but not decoded: a vocabulary has a hundred thousand texts and most readers want none. */
export interface GgufArray {
  readonly elementType: GgufValueType
  readonly length: number
  /** Decodes one element; undefined outside the array. Texts and arrays before it are walked over. */
  at(index: number): GgufValue | undefined
  /** Decodes every element. */
  toArray(): GgufValue[]
  /** Shows each text where it stands in `bytes`, without decoding it; nothing for other elements. */
  forEachText(visit: (bytes: Buffer, start: number, end: number, index: number) => void): void
}

export interface GgufTensor {
  name: string
  /** The block type's name, such as `Q4_K`. */
  type: string
  /** Fastest dimension first. */
  shape: number[]
  elements: number
  bytes: number
  /** From the start of the tensor data. */
  offset: number
}

/** All a GGUF file says before its tensor data. */
export interface GgufHeader {
  version: number
  /** In file order. */
  metadata: ReadonlyMap<string, GgufValue>
  /** Type and value of a metadata entry as they stand in the file. */
  encoded(key: string): Uint8Array | undefined
  tensors: readonly GgufTensor[]
  /** Of tensor data, bytes. */
  alignment: number
  /** Where tensor data starts in the file. */
  dataOffset: number
}

/** What Snug needs to know of a model before it is loaded, from its GGUF header. */
export interface GgufFacts {
  architecture: string
  /** `general.file_type`; undefined when absent. */
  fileType: number | undefined
  parameterCount: number
  /** Trained context, tokens. */
  contextLength: number | undefined
  embeddingLength: number | undefined
  layers: number | undefined
  /** KV heads of each layer (0 for layers without attention). */
  kvHeads: number[]
  keyLength: number | undefined
  valueLength: number | undefined
  vocabularySize: number | undefined
  chatTemplate: string | undefined
  /** Named templates beside the default one, such as `tool_use`. */
  namedTemplates: Record<string, string>
  bosToken: string | undefined
  eosToken: string | undefined
  addBos: boolean | undefined
  /** The texts of the fill-in-middle tokens, when the file names all three. */
  fillInMiddle: { prefix: string; suffix: string; middle: string } | undefined
  hasPooling: boolean
  /** Gives scores for a query and a document, not vectors. */
  isReranker: boolean
  hasVision: boolean
  hasAudio: boolean
  /** Bytes of tensor data by the header's own account. */
  tensorBytes: number
}
