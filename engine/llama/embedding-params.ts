import type { EmbeddingInfo, LoadPlan, Pooling } from '../backend.ts'
import type { ContextParams, Pointer } from './layout.ts'
import type { Library } from './library.ts'

/** enum llama_pooling_type; `none` (0) is not among them: there is one vector an input or nothing. */
const POOLING_TYPE = { mean: 1, cls: 2, last: 3, rank: 4 } as const

/** What a context that embeds is made of. */
export interface EmbeddingTraits extends Omit<EmbeddingInfo, 'pair'> {
  /** Inputs may be evaluated in pieces: only their last token counts, and it sees what came before it. */
  canSplit: boolean
  /** Tokens of one decode step. */
  batch: number
  /** Inputs in one decode step. */
  sequences: number
}

/** More than this in one step would hold up a running stream; it is the size of a prompt's piece, too. */
const MAX_SPLIT_BATCH = 512
/** llama.cpp reserves memory for each sequence of a batch; encoders keep nothing between steps. */
const SEQUENCES = { encoder: 64, decoder: 16 } as const

/**
 * How a model embeds, from its metadata. One that names no pooling takes the mean where tokens see each other
 * both ways, as sentence-transformers does, and else the last token, the only one that saw the whole input; so
 * did Ollama while it ran models itself. Undefined for encoder-decoder models, which have no single vector.
 * `batch` is the most tokens a step may have.
 */
export function embeddingTraits(
  library: Library,
  model: Pointer,
  plan: LoadPlan,
  batch: number,
): EmbeddingTraits | undefined {
  if (library.hasEncoder(model)) return undefined
  const own = (key: string) => metadataText(library, model, key)
  const architecture = own('general.architecture') ?? ''
  const isCausal = own(`${architecture}.attention.causal`) !== 'false'
  const named = poolingOf(own(`${architecture}.pooling_type`))
  const pooling = named ?? (isCausal ? 'last' : 'mean')
  const canSplit = isCausal && (pooling === 'last' || pooling === 'rank')
  const size = canSplit ? Math.min(batch, MAX_SPLIT_BATCH) : Math.min(batch, plan.contextLength)
  return {
    pooling,
    length: pooling === 'rank' ? library.classCount(model) : library.embeddingLength(model),
    maxTokens: canSplit ? plan.contextLength : size,
    canSplit,
    batch: size,
    sequences: Math.min(size, isCausal ? SEQUENCES.decoder : SEQUENCES.encoder),
  }
}

/** Changes the parameters of a context that generates into those of one that embeds. */
export function embeddingParams<P extends ContextParams>(
  base: P,
  plan: LoadPlan,
  { pooling, canSplit, batch, sequences }: EmbeddingTraits,
): P {
  return {
    ...base,
    embeddings: true,
    pooling_type: POOLING_TYPE[pooling],
    // One long input that is evaluated in pieces, and beside it the others of a step.
    n_ctx: canSplit ? plan.contextLength + batch : batch,
    n_batch: batch,
    // A step is one micro-batch: a pooled input must not be torn apart.
    n_ubatch: batch,
    n_seq_max: sequences,
  }
}

/**
 * What stands around a query and a document (llama.cpp tools/server/server-common.cpp, format_prompt_rerank). A token
 * that the vocabulary does not have is -1 and left out.
 */
export function pairTokens(library: Library, vocabulary: Pointer): EmbeddingInfo['pair'] {
  const eos = library.eosToken(vocabulary)
  const separator = library.separatorToken(vocabulary)
  const present = (tokens: number[]) => tokens.filter((token) => token >= 0)
  const ending = present(library.addsEos(vocabulary) ? [eos >= 0 ? eos : separator] : [])
  return {
    before: present(library.addsBos(vocabulary) ? [library.bosToken(vocabulary)] : []),
    between: [...ending, ...present(library.addsSeparator(vocabulary) ? [separator] : [])],
    after: ending,
  }
}

function poolingOf(value: string | undefined): Pooling | undefined {
  const names = Object.keys(POOLING_TYPE) as Pooling[]
  return names.find((name) => String(POOLING_TYPE[name]) === value)
}

function metadataText(library: Library, model: Pointer, key: string): string | undefined {
  const buffer = Buffer.alloc(128)
  const length = library.metadataText(model, key, buffer, buffer.length)
  return length < 0 ? undefined : buffer.toString('utf8', 0, Math.min(length, buffer.length - 1))
}
