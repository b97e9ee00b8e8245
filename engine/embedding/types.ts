import type { ModelUse } from '../types.ts'

export interface EmbedJob extends ModelUse {
  /** Texts, or tokens that are fed as they are. */
  inputs: readonly (string | readonly number[])[]
  /** An input longer than the context: leave out its end (true) or refuse (false). */
  truncate: boolean
  /** Vectors of length 1; else as the model gives them. */
  normalize: boolean
  /** Keep only the first numbers of each vector; 0, or more than there are, keeps all. */
  dimensions?: number
}

/** Times in milliseconds. */
export interface Embeddings {
  /** In the order of the inputs. */
  vectors: Float32Array[]
  /** Of all inputs together, as they were evaluated. */
  promptTokens: number
  loadMs: number
  totalMs: number
}

export interface RerankJob extends ModelUse {
  query: string
  /** The end of one that is too long is left out. */
  documents: readonly string[]
}

export interface Reranking extends Omit<Embeddings, 'vectors'> {
  /** In the order of the documents; higher fits the query better. */
  scores: { raw: number; probability: number }[]
}
