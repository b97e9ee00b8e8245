/** The native state of one sequence as bytes. None of this may run while a decode does. */

import { inBackground } from '../library.ts'
import type { NativeModel } from '../native-model.ts'

/**
 * `whole`: everything a sequence needs to go on. `window`: only what cannot be taken back token by token, that
 * is, the cells of sliding-window layers and the state of recurrent ones (llama.h
 * LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY).
 */
export type StatePart = 'whole' | 'window'
const FLAGS: Record<StatePart, number> = { whole: 0, window: 1 }

/** Whether any beginning of a sequence can be had by dropping what follows; other models need checkpoints. */
export const canGoBack = (model: NativeModel): boolean =>
  !model.isRecurrent && (model.slidingWindow === 0 || model.contextLength <= model.slidingWindow)

/** A copy of the sequence's state; undefined when the library cannot give it. */
export async function takeState(
  model: NativeModel,
  sequence: number,
  part: StatePart,
): Promise<Buffer | undefined> {
  const { library, context } = model
  const size = library.stateSize(context, sequence, FLAGS[part])
  if (size === 0) return undefined
  // Not from the shared pool, and its pages come into being on the thread that copies.
  const bytes = Buffer.allocUnsafeSlow(size)
  const written = await inBackground(library.readState)(context, bytes, size, sequence, FLAGS[part])
  return written === size ? bytes : undefined
}

/**
 * Replaces the sequence's state with one that `takeState` gave for the same model and context settings; `bytes`
 * must be exactly that, native code does not survive anything else. False when it did not fit: the sequence
 * then holds nothing that can be used.
 */
export async function putState(
  model: NativeModel,
  sequence: number,
  bytes: Buffer,
  part: StatePart,
): Promise<boolean> {
  const { library, context } = model
  const read = await inBackground(library.writeState)(context, bytes, bytes.length, sequence, FLAGS[part])
  return read === bytes.length
}
