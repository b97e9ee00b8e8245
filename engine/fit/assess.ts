import { deviceBudgetBytes, hostBudgetBytes } from './budget.ts'
import {
  type Candidate,
  comfortOf,
  type DecisionFacts,
  fits,
  memoryBytes,
  planKey,
  type Wishes,
} from './candidates.ts'
import { decodeSpeed } from './decode-speed.ts'
import { type Grade, gradeOf } from './grade.ts'
import { usableDevices } from './placement-options.ts'
import { prefillSpeed } from './prefill-speed.ts'
import { type QualityLabel, qualityOf } from './quality.ts'

/** A candidate with all that is shown of it. */
export interface Assessment {
  candidate: Candidate
  fits: boolean
  quality: QualityLabel
  grade: Grade
  /** Share of the memory that a model may take which this one leaves. */
  headroom: number
  /** Tokens a second once the context is full. */
  fullSpeed: number
  /** Tokens of a prompt a second; undefined where nobody knows. */
  prefillSpeed: number | undefined
  /** Bytes read for one token with an empty cache. */
  bytesPerToken: number
}

export function assess(facts: DecisionFacts, wishes: Wishes, candidate: Candidate): Assessment {
  const { model, machine, measurements } = facts
  const { offer, settings, placement, decode } = candidate
  const measuredRatio = measurements?.get(planKey(candidate))
  const job = { model, offer, machine, settings, placement, depth: settings.contextLength, measuredRatio }
  const headroom = headroomOf(facts, wishes, candidate)
  return {
    candidate,
    fits: fits(candidate),
    quality: qualityOf(offer),
    grade: gradeOf({
      fits: fits(candidate),
      speed: decode.tokensPerSecond,
      hasCutContext: settings.contextLength < comfortOf(model, wishes),
      headroom,
      readsFromDisk: placement.diskBytes > 0,
    }),
    headroom,
    fullSpeed: decodeSpeed(job).tokensPerSecond,
    prefillSpeed: prefillSpeed(job),
    bytesPerToken: decode.terms
      .filter(({ where }) => where !== 'disk')
      .reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

/** GPUs and main memory count together: what one has no room for, the other may take. */
function headroomOf({ machine }: DecisionFacts, wishes: Wishes, candidate: Candidate): number {
  const own = usableDevices(machine.devices, wishes).filter(({ isUnified }) => !isUnified)
  const budget =
    hostBudgetBytes(machine) +
    own.reduce((sum, device) => sum + deviceBudgetBytes(device, candidate.settings), 0)
  return budget === 0 ? 0 : 1 - memoryBytes(candidate) / budget
}
