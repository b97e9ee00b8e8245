import type { Assessment } from './assess.ts'
import { GRADES } from './grade.ts'
import { qualityRank } from './quality.ts'

/**
 * Whether another plan is worth loading a model anew. Free memory moves all the time, so a running plan stays unless
 * the other has a better quality label, or the same and a better grade.
 */
export function isWorthReloading(running: Assessment, other: Assessment): boolean {
  if (!other.fits) return false
  const gained = qualityRank(other.quality) - qualityRank(running.quality)
  return gained > 0 || (gained === 0 && GRADES.indexOf(other.grade) < GRADES.indexOf(running.grade))
}
