/**
 * Embeds the inputs of all requests, as many in one decode step as fit. The steps take turns with those of
 * running answers; each is one micro-batch, so neither waits long for the other.
 */
import koffi from 'koffi'
import { EngineError } from '../errors.ts'
import { type Failure, failureOf } from '../runner/protocol.ts'
import { type EmbeddingRequest, isWhole, type Part, packStep, tokensOf } from './embedding-batch.ts'
import type { EmbeddingContext } from './embedding-context.ts'
import { DECODE } from './layout.ts'
import type { NativeModel } from './native-model.ts'

export interface Embedder {
  add(id: number, inputs: readonly (readonly number[])[]): void
  /** Drops what is left of a request; nothing is told of it any more. */
  cancel(id: number): void
  /** Inputs whose vector is not there yet. */
  waiting(): number
}

/** Who hears how a request ended: all its vectors one after the other, or why there are none. */
export interface EmbedderEvents {
  done(id: number, vectors: Float32Array): void
  failed(id: number, failure: Failure): void
}

/** The context for it is created at the first request. */
export function createEmbedder(model: NativeModel, events: EmbedderEvents): Embedder {
  const requests = new Map<number, EmbeddingRequest>()
  /** Requests with inputs that no step has taken yet. */
  const queue: EmbeddingRequest[] = []
  let open: Part | undefined
  let isRunning = false

  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    try {
      const context = await model.embeddingContext()
      while (await step(context));
    } catch (error) {
      for (const request of requests.values()) fail(request, failureOf(error))
    } finally {
      isRunning = false
    }
  }

  /** One decode. False when there is nothing left to do. */
  async function step(context: EmbeddingContext): Promise<boolean> {
    if (open?.request.isCancelled === true) {
      forget(context, open)
      open = undefined
    }
    const parts = packStep(queue, open, context.traits)
    if (parts.length === 0) return false
    open = undefined
    context.batch.clear()
    for (const part of parts) feed(context, part)
    const code = await context.decode()
    for (const part of parts) {
      if (code !== DECODE.ok) {
        fail(part.request, { code: 'runner_died', message: `llama_decode failed with code ${code}` })
        forget(context, part)
      } else if (isWhole(part)) {
        keepVector(context, part)
        forget(context, part)
      } else open = { ...part, from: part.from + part.count }
    }
    return true
  }

  function feed({ batch }: EmbeddingContext, part: Part): void {
    const tokens = tokensOf(part)
    for (let at = part.from; at < part.from + part.count; at++) {
      batch.add(tokens[at] ?? 0, at, part.sequence, true)
    }
  }

  function keepVector({ context, traits }: EmbeddingContext, { request, index, sequence }: Part): void {
    if (request.isCancelled) return
    const { length } = traits
    const pointer = model.library.sequenceEmbedding(context, sequence)
    if (pointer === null) {
      fail(request, { code: 'runner_died', message: 'llama.cpp gave no embedding for an input' })
      return
    }
    request.vectors.set(new Float32Array(koffi.view(pointer, length * 4)), index * length)
    request.done += 1
    if (request.done < request.inputs.length) return
    requests.delete(request.id)
    events.done(request.id, request.vectors)
  }

  /** The next step gives the sequence to another input. */
  function forget({ memory }: EmbeddingContext, { sequence }: Part): void {
    if (memory !== null) model.library.removeCells(memory, sequence, -1, -1)
  }

  function fail(request: EmbeddingRequest, failure: Failure): void {
    if (!request.isCancelled) events.failed(request.id, failure)
    remove(request)
  }

  function remove(request: EmbeddingRequest): void {
    request.isCancelled = true
    requests.delete(request.id)
    const at = queue.indexOf(request)
    if (at >= 0) queue.splice(at, 1)
  }

  return {
    add(id, inputs) {
      const { embedding } = model
      try {
        if (embedding === undefined) throw new EngineError('unsupported', 'this model cannot embed')
        for (const input of inputs) checkInput(model, input, embedding.maxTokens)
        const vectors = new Float32Array(inputs.length * embedding.length)
        const request = { id, inputs, vectors, next: 0, done: 0, isCancelled: false }
        if (inputs.length === 0) {
          events.done(id, vectors)
          return
        }
        requests.set(id, request)
        queue.push(request)
        void run()
      } catch (error) {
        events.failed(id, failureOf(error))
      }
    },
    cancel(id) {
      const request = requests.get(id)
      if (request !== undefined) remove(request)
    },
    waiting() {
      let inputs = 0
      for (const request of requests.values()) inputs += request.inputs.length - request.done
      return inputs
    },
  }
}

/** Throws EngineError for an input that must not reach native code. */
function checkInput(model: NativeModel, input: readonly number[], maxTokens: number): void {
  if (input.length === 0) throw new EngineError('bad_request', 'input content cannot be empty')
  if (input.length > maxTokens)
    throw new EngineError('context_overflow', 'the input length exceeds the context length')
  const unknown = input.find((token) => !(token >= 0 && token < model.vocabularySize))
  if (unknown !== undefined) throw new EngineError('bad_request', `token ${unknown} is not in the vocabulary`)
}
