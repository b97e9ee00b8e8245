/**
 * What parent and child say to each other over the IPC channel, as JSON. One `step` message carries what one
 * decode step gave to all requests in it.
 */
import type { LoadPlan, RunnerEvent, RunnerInfo, RunnerRequest, RunnerStatus } from '../backend.ts'
import { EngineError, type EngineErrorCode } from '../errors.ts'

export type ToChild =
  | { type: 'load'; plan: LoadPlan; libraryDir?: string }
  | { type: 'generate'; id: number; request: RunnerRequest }
  /** Ends a request; no further step mentions it. */
  | { type: 'cancel'; id: number }
  /** The reader of this request is slow: generate no more until `resume`. */
  | { type: 'pause'; id: number }
  | { type: 'resume'; id: number }
  | { type: 'tokenize'; id: number; text: string; special: boolean; bos: boolean }
  | { type: 'detokenize'; id: number; tokens: readonly number[] }
  | { type: 'status'; id: number }
  /** Inputs as tokens. Ended early by `cancel`; then nothing answers. */
  | { type: 'embed'; id: number; inputs: readonly (readonly number[])[] }
  | { type: 'abort-load' }
  /** Answered with `pong` at once, whatever else is going on. */
  | { type: 'ping' }
  | { type: 'shutdown' }

/** How long a child that was told to shut down may write to disk what it wants to keep. */
export const SAVE_MS = 5_000

export interface Failure {
  code: EngineErrorCode
  message: string
}

/** What a request got from one decode step. */
export type StepEvent = ({ id: number } & RunnerEvent) | { id: number; type: 'failed'; failure: Failure }

export type ToParent =
  | { type: 'progress'; fraction: number }
  | { type: 'loaded'; info: RunnerInfo }
  | { type: 'load-failed'; failure: Failure }
  | { type: 'step'; events: StepEvent[] }
  /**
   * The answer to a call: tokens, text or a status, as the call's kind says. Embeddings come as text: base64 of
   * all vectors one after the other, as float32 in the machine's byte order.
   */
  | { type: 'answer'; id: number; value: number[] | string | RunnerStatus }
  | { type: 'call-failed'; id: number; failure: Failure }
  /** `step`: the number of the decode step that is being computed, null between two. */
  | { type: 'pong'; step: number | null }
  | { type: 'log'; message: string }

/** What the other side may know of a thrown value. */
export function failureOf(error: unknown): Failure {
  if (error instanceof EngineError) return { code: error.code, message: error.message }
  return { code: 'runner_died', message: error instanceof Error ? error.message : String(error) }
}
