import { humanBytes } from '../../formats/human-bytes.ts'
import { EngineError } from '../errors.ts'
import type { Machine } from '../fit/types.ts'
import { SMALL_MACHINE_CONTEXT } from '../settings.ts'
import { type LoadWish, type PlannedLoad, RAM } from './types.ts'

/** The context where nobody names one and nothing plans: Ollama's for small machines, within what was trained. */
export const plainContext = ({ model, plan }: LoadWish): number =>
  plan.contextLength > 0
    ? plan.contextLength
    : Math.min(SMALL_MACHINE_CONTEXT, model.facts?.contextLength || SMALL_MACHINE_CONTEXT)

/**
 * A load of a model whose header says too little to compute with: placing its layers is left to the library. Throws
 * EngineError `does_not_fit` when not even its weights have room.
 */
export function planUncomputed(wish: LoadWish, { ram, devices }: Machine): PlannedLoad {
  const contextLength = plainContext(wish)
  const weights = wish.model.facts?.tensorBytes ?? 0
  const free = devices
    .filter(({ isUnified }) => !isUnified)
    .reduce((sum, { freeBytes }) => sum + freeBytes, 0)
  const available = ram.availableBytes + (wish.plan.gpuLayers === 0 ? 0 : free)
  if (weights > available && wish.plan.mmap !== true) {
    throw new EngineError(
      'does_not_fit',
      `model requires more system memory (${humanBytes(weights)}) than is available (${humanBytes(available)})`,
    )
  }
  return { plan: { ...wish.plan, contextLength }, needs: { [RAM]: weights } }
}
