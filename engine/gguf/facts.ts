import { checkModel, UNKNOWN_ARCHITECTURE } from './check-model.ts'
import type { GgufFacts, GgufHeader, GgufValue } from './types.ts'

/** llama.cpp's LLAMA_POOLING_TYPE_RANK. */
const RANK_POOLING = 4

type Metadata = GgufHeader['metadata']

/**
 * What a header says about its model. Keys are those of ggml's docs/gguf.md and of llama.cpp's llama-arch.cpp.
 * Throws GgufError for what llama.cpp must not be given (see check-model.ts); other keys of a wrong type count as
 * absent.
 */
export function ggufFacts({ metadata, tensors }: Pick<GgufHeader, 'metadata' | 'tensors'>): GgufFacts {
  checkModel({ metadata })
  const architecture = text(metadata.get('general.architecture')) ?? UNKNOWN_ARCHITECTURE
  const own = (key: string) => metadata.get(`${architecture}.${key}`)
  const embeddingLength = count(own('embedding_length'))
  const layers = count(own('block_count'))
  // Heads share the width evenly unless the file says otherwise (llama.cpp src/llama-model.cpp).
  const headCount = firstCount(own('attention.head_count'))
  const evenLength = embeddingLength && headCount ? Math.floor(embeddingLength / headCount) : undefined
  return {
    architecture,
    fileType: count(metadata.get('general.file_type')),
    parameterCount: tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
    contextLength: count(own('context_length')),
    embeddingLength,
    layers,
    kvHeads: perLayer(own('attention.head_count_kv') ?? own('attention.head_count'), layers ?? 0),
    keyLength: count(own('attention.key_length')) ?? evenLength,
    valueLength: count(own('attention.value_length')) ?? evenLength,
    vocabularySize: count(own('vocab_size')) ?? arrayLength(metadata.get('tokenizer.ggml.tokens')),
    chatTemplate: text(metadata.get('tokenizer.chat_template')),
    namedTemplates: namedTemplates(metadata),
    bosToken: tokenText(metadata, 'bos_token_id'),
    eosToken: tokenText(metadata, 'eos_token_id'),
    addBos: flag(metadata.get('tokenizer.ggml.add_bos_token')),
    fillInMiddle: fillInMiddle(metadata),
    hasPooling: own('pooling_type') !== undefined,
    isReranker: own('pooling_type') === RANK_POOLING,
    hasVision: own('vision.block_count') !== undefined || flag(own('has_vision_encoder')) === true,
    hasAudio: hasAudio(architecture, own),
    tensorBytes: tensors.reduce((sum, tensor) => sum + tensor.bytes, 0),
  }
}

const text = (value: GgufValue | undefined) => (typeof value === 'string' ? value : undefined)
const flag = (value: GgufValue | undefined) => (typeof value === 'boolean' ? value : undefined)
/** A number of things; undefined for a value of another kind. */
export const count = (value: GgufValue | undefined): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
const arrayLength = (value: GgufValue | undefined) => (typeof value === 'object' ? value.length : undefined)

/** A value that some files give once and others once a layer: the first that is not zero. */
function firstCount(value: GgufValue | undefined): number | undefined {
  return typeof value === 'object' ? value.toArray().map(count).find(Boolean) : count(value)
}

/** One number for each layer; `checkModel` has seen to it that there are enough and not too many. */
export function perLayer(value: GgufValue | undefined, layers: number): number[] {
  if (typeof value === 'object') return value.toArray().slice(0, layers).map(Number)
  const same = count(value)
  return same === undefined ? [] : Array.from({ length: layers }, () => same)
}

/** Templates beside the default one: `tokenizer.chat_templates` lists the names, each has a key of its own. */
function namedTemplates(metadata: Metadata): Record<string, string> {
  const prefix = 'tokenizer.chat_template.'
  const named: [string, string][] = []
  for (const [key, value] of metadata) {
    if (key.startsWith(prefix) && typeof value === 'string') named.push([key.slice(prefix.length), value])
  }
  return Object.fromEntries(named)
}

function tokenText(metadata: Metadata, key: string): string | undefined {
  const id = count(metadata.get(`tokenizer.ggml.${key}`))
  const tokens = metadata.get('tokenizer.ggml.tokens')
  return id === undefined || typeof tokens !== 'object' ? undefined : text(tokens.at(id))
}

/** The older key of each pair is what llama.cpp wrote until 2024. */
function fillInMiddle(metadata: Metadata): GgufFacts['fillInMiddle'] {
  const prefix = tokenText(metadata, 'fim_pre_token_id') ?? tokenText(metadata, 'prefix_token_id')
  const suffix = tokenText(metadata, 'fim_suf_token_id') ?? tokenText(metadata, 'suffix_token_id')
  const middle = tokenText(metadata, 'fim_mid_token_id') ?? tokenText(metadata, 'middle_token_id')
  if (prefix === undefined || suffix === undefined || middle === undefined) return undefined
  return { prefix, suffix, middle }
}

/** Two families carry audio parts that do not make them hear (ollama server/images.go). */
function hasAudio(architecture: string, own: (key: string) => GgufValue | undefined): boolean {
  if (architecture === 'nemotron_h_omni' || own('projector_type') === 'gemma3nv') return false
  return own('audio.block_count') !== undefined || flag(own('has_audio_encoder')) === true
}
