/** Whether a load may begin without anybody leaving for it, and whether it is none the worse for that. */
import { comfortOf } from '../fit/candidates.ts'
import { type FittingPlan, isFitting, type Plan } from '../fit/plan.ts'
import type { PlannedLoad } from './types.ts'

/** Nobody has to leave for it. */
export const hasRoom = ({ needs, room = {} }: PlannedLoad): boolean =>
  Object.entries(needs).every(([device, bytes]) => bytes <= (room[device] ?? 0))

/** The same weights lie in the same kinds of memory, and the context is no shorter than is comfortable. */
export function isAsGood(plan: Plan, other: FittingPlan): plan is FittingPlan {
  if (!isFitting(plan)) return false
  const [one, two] = [plan.chosen.candidate, other.chosen.candidate]
  const { contextLength } = one.settings
  const comfort = Math.min(comfortOf(plan.facts.model, plan.wishes), two.settings.contextLength)
  return (
    one.offer.name === two.offer.name &&
    one.placement.mode === two.placement.mode &&
    one.placement.gpuLayers === two.placement.gpuLayers &&
    one.placement.expertLayersInRam === two.placement.expertLayersInRam &&
    one.placement.shares.length <= two.placement.shares.length &&
    one.placement.diskBytes <= two.placement.diskBytes &&
    contextLength >= comfort
  )
}
