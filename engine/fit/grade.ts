/** School marks for a plan, from `S` for very fast to `F` for one that does not fit. */
export const GRADES = ['S', 'A', 'B', 'C', 'D', 'E', 'F'] as const
export type Grade = (typeof GRADES)[number]

/** People read five to eight tokens a second; tools and thinking want 15 and more. */
const LEAST_SPEEDS = [30, 15, 8, 4, 1.5]
/** Less than this share of all usable memory left is tight. */
const TIGHT = 0.05

export interface GradeFacts {
  fits: boolean
  /** Tokens a second. */
  speed: number
  /** The context is shorter than what was asked for. */
  hasCutContext: boolean
  /** Share of all memory that the plan may use and does not. */
  headroom: number
  readsFromDisk: boolean
}

export function gradeOf({ fits, speed, hasCutContext, headroom, readsFromDisk }: GradeFacts): Grade {
  if (!fits) return 'F'
  const fastEnough = LEAST_SPEEDS.findIndex((least) => speed >= least)
  const bySpeed = fastEnough < 0 ? LEAST_SPEEDS.length : fastEnough
  const worst = GRADES.indexOf('E')
  const stepped = Math.min(worst, bySpeed + (hasCutContext || headroom < TIGHT ? 1 : 0))
  const place = readsFromDisk ? Math.max(stepped, GRADES.indexOf('D')) : stepped
  return GRADES[place] ?? 'E'
}
