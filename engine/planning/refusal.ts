import { humanBytes } from '../../formats/human-bytes.ts'
import { EngineError } from '../errors.ts'
import type { Candidate, DecisionFacts, Wishes } from '../fit/candidates.ts'
import { chosenFor, decide } from '../fit/decide.ts'
import { shareBytes } from '../fit/placement.ts'
import { placeText } from '../fit/wording.ts'
import type { LoadWish } from './types.ts'

/** Contexts below those that are chosen unasked, for saying what would work at all. */
const SMALL_CONTEXTS = [4096, 2048, 1024, 512]

/** What a load that cannot be asked for: nothing is kept back any more. */
export type Refused = DecisionFacts & { wishes: Wishes }

/** Why a load is refused before it begins, in Ollama's words (llm/server.go), and the largest that would do. */
export function doesNotFit(wish: LoadWish, { wishes, ...facts }: Refused): EngineError {
  const candidate = decide(facts, wishes).chosen?.candidate
  return new EngineError('does_not_fit', `${shortage(candidate)}; ${advice(wish, { ...facts, wishes })}`)
}

/** A part of the memory is too small: the first GPU that is, or main memory. */
function shortage(candidate: Candidate | undefined): string {
  if (candidate === undefined) return 'model requires more memory than is available'
  const { shares, host, hostBytes, deviceBytes } = candidate.placement
  const small = shares.find((share) => shareBytes(share) > share.budgetBytes)
  if (small !== undefined) {
    const [needed, free] = [humanBytes(shareBytes(small)), humanBytes(small.budgetBytes)]
    return `model requires more memory on ${small.device.id} (${needed}) than is available (${free})`
  }
  const isShared = shares.some(({ device }) => device.isUnified)
  const [needed, free] = [humanBytes(hostBytes + (isShared ? deviceBytes : 0)), humanBytes(host.budgetBytes)]
  return `model requires more system memory (${needed}) than is available (${free})`
}

/** The largest configuration of these weights that would work. */
export function advice({ plan }: LoadWish, { wishes, ...facts }: Refused): string {
  const free = {
    ...wishes,
    contextLength: undefined,
    cacheType: undefined,
    gpuLayers: undefined,
    mainGpu: undefined,
    sequences: 1,
  }
  const candidate = [undefined, ...SMALL_CONTEXTS]
    .map((contextLength) => chosenFor(facts, { ...free, contextLength }))
    .find((some) => some !== undefined)
  if (candidate === undefined) {
    return 'no context is small enough for it: take a smaller quantization or a smaller model'
  }
  const { settings, placement } = candidate
  const slots = plan.slots > 1 ? ' for one request at a time' : ''
  return (
    `the largest configuration that would work is num_ctx ${settings.contextLength} with a ` +
    `${settings.cacheType} cache, ${placeText(placement)}${slots}`
  )
}
