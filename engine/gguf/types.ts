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
  hasVision: boolean
  hasAudio: boolean
  /** Bytes of tensor data by the header's own account. */
  tensorBytes: number
}
