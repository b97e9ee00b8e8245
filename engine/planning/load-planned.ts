import { EngineError } from '../errors.ts'
import type { Lessons } from './load-wishes.ts'
import { lacksFlashAttention, outOfMemoryIn } from './out-of-memory.ts'
import { type LoadPlanner, type LoadWish, type Occupancy, type PlannedLoad, RAM } from './types.ts'

export interface PlannedLoading<R> {
  planner: LoadPlanner
  wish: LoadWish
  /** Asked anew before every attempt. */
  occupancy: () => Occupancy
  /** Loads as planned. */
  load: (planned: PlannedLoad) => Promise<R>
  /** Hears why a plan is given up for another one. */
  onReplan?: (reason: string, lessons: Lessons) => void
}

/** Memory that was promised and not there: a tenth less is counted on, this often. */
const SHRINK = 0.9
const MOST_SHRINKS = 2
/** Contexts to go down to after that. */
const SHORTER = [32_768, 16_384, 8192, 4096]

/**
 * Plans and loads. Free memory is an estimate of others: where the runner does not get what the plan promised, the
 * device it names counts for less, at most twice, and then the context gets shorter unless somebody asked for it.
 * Throws what planning or loading threw; `load_failed` for want of memory says what was tried.
 */
export async function loadPlanned<R>(
  loading: PlannedLoading<R>,
): Promise<{ loaded: R; planned: PlannedLoad }> {
  const { planner, wish, occupancy, load, onReplan } = loading
  let lessons: Lessons = {}
  let shrinks = 0
  for (;;) {
    const planned = await planner.plan(wish, occupancy(), lessons)
    try {
      return { loaded: await load(planned), planned }
    } catch (error) {
      const next = learned(error, { wish, planned, lessons, shrinks })
      if (next === undefined) throw outOfOptions(error, planned, lessons)
      onReplan?.((error as Error).message, next.lessons)
      lessons = next.lessons
      shrinks = next.shrinks
    }
  }
}

interface Attempt {
  wish: LoadWish
  planned: PlannedLoad
  lessons: Lessons
  shrinks: number
}

/** What the next attempt is to do otherwise; undefined when there is nothing left to try. */
function learned(error: unknown, { wish, planned, lessons, shrinks }: Attempt) {
  if (!(error instanceof EngineError) || error.code !== 'load_failed') return undefined
  if (planned.fit === undefined) return undefined
  if (lacksFlashAttention(error.message) && isChosenCache(wish, planned) && !lessons.hasFlashAttention) {
    return lessons.hasFlashAttention === undefined
      ? { lessons: { ...lessons, hasFlashAttention: false as const }, shrinks }
      : undefined
  }
  const short = outOfMemoryIn(error.message)
  if (short === undefined) return undefined
  if (shrinks < MOST_SHRINKS) {
    return { lessons: { ...lessons, shares: shrunk(lessons, short.device, planned) }, shrinks: shrinks + 1 }
  }
  const mostContext = SHORTER.find((context) => context < planned.plan.contextLength)
  return wish.plan.contextLength > 0 || mostContext === undefined
    ? undefined
    : { lessons: { ...lessons, mostContext }, shrinks }
}

const isChosenCache = ({ plan }: LoadWish, planned: PlannedLoad): boolean =>
  planned.plan.kvCacheType !== 'f16' && plan.kvCacheType === 'f16'

/** Where the message names no device, all that the plan uses are meant. */
function shrunk({ shares = {} }: Lessons, device: string | undefined, { needs }: PlannedLoad) {
  const used = Object.keys(needs).filter((name) => name !== RAM)
  const meant = device !== undefined ? [device] : used.length > 0 ? used : [RAM]
  return { ...shares, ...Object.fromEntries(meant.map((name) => [name, (shares[name] ?? 1) * SHRINK])) }
}

function outOfOptions(error: unknown, { plan }: PlannedLoad, lessons: Lessons): unknown {
  if (lessons.shares === undefined || !(error instanceof EngineError)) return error
  if (outOfMemoryIn(error.message) === undefined) return error
  const text =
    `${error.message}; it was also tried with less memory on ${Object.keys(lessons.shares).join(', ')}, last with ` +
    `num_ctx ${plan.contextLength}: ask for a shorter context, or put fewer layers on the GPU with num_gpu`
  return new EngineError('load_failed', text, { cause: error })
}
