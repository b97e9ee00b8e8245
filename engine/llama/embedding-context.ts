import { EngineError } from '../errors.ts'
import type { EmbeddingTraits } from './embedding-params.ts'
import type { Pointer } from './layout.ts'
import { inBackground, type Library } from './library.ts'
import { createTokenBatch, type TokenBatch } from './token-batch.ts'
import type { TakeTurn } from './turns.ts'

/** What embeds: a context of its own beside the one that generates, or the only one of a model that just embeds. */
export interface EmbeddingContext {
  readonly context: Pointer
  /** Null for encoders, which keep nothing between two decodes. */
  readonly memory: Pointer
  readonly batch: TokenBatch
  readonly traits: EmbeddingTraits
  /** Evaluates the batch when it is its turn. Resolves to a DECODE code. */
  decode(): Promise<number>
}

/** Gives the same context every time, made by `create` when it is first asked for; after a failure, anew. */
export function embeddingContextOf(parts: {
  library: Library
  traits: EmbeddingTraits | undefined
  takeTurn: TakeTurn
  create: () => Promise<Pointer>
}): () => Promise<EmbeddingContext> {
  const { library, traits, takeTurn, create } = parts
  let opened: Promise<EmbeddingContext> | undefined
  const open = async () => {
    if (traits === undefined) throw new EngineError('unsupported', 'this model gives no embeddings')
    const context = await create()
    const batch = createTokenBatch(library, traits.batch)
    const decode = () => takeTurn(() => inBackground(library.decode)(context, batch.struct()))
    return { context, memory: library.memory(context), batch, traits, decode }
  }
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
}
