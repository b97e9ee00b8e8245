import type { LoadPlan } from '../backend.ts'

/** What the policy sees of a model in memory. */
export interface Candidate {
  key: string
  plan: LoadPlan
  /** Requests that use it now. */
  users: number
  /** How long it stays after its last request; Infinity for ever. */
  keepAliveMs: number
}

/** Two names of the same weights share a runner when the adapters match too. */
export const runnerKey = (plan: Pick<LoadPlan, 'weightsPath' | 'adapterPaths'>): string =>
  [plan.weightsPath, ...plan.adapterPaths].join('\n')

/**
 * Whether a request needs another runner than the loaded one (ollama server/sched.go needsReload). A negative
 * layer count, an unset context, GPU, mapping or thread count match anything. What the loaded one was asked for is as
 * good as how it was `planned` then: more layers than a model has come out as all.
 */
export function needsReload(loaded: LoadPlan, wanted: LoadPlan, planned: LoadPlan = loaded): boolean {
  const differs = (key: 'contextLength' | 'batchTokens' | 'gpuLayers' | 'mainGpu' | 'mmap' | 'threads') =>
    wanted[key] !== loaded[key] && wanted[key] !== planned[key]
  return (
    (wanted.contextLength > 0 && differs('contextLength')) ||
    differs('batchTokens') ||
    (wanted.gpuLayers >= 0 && differs('gpuLayers')) ||
    (wanted.mainGpu !== undefined && differs('mainGpu')) ||
    (wanted.mmap !== undefined && differs('mmap')) ||
    (wanted.threads > 0 && differs('threads'))
  )
}

/** Who leaves so that another model may come: the shortest keep-alive, idle before busy, ties by path. */
export function victimAmong<T extends Candidate>(candidates: readonly T[]): T | undefined {
  return candidates.toSorted(
    (a, b) =>
      Number(a.users > 0) - Number(b.users > 0) ||
      compare(a.keepAliveMs, b.keepAliveMs) ||
      compare(a.key, b.key),
  )[0]
}

/** Not a subtraction: Infinity minus Infinity is no order. */
const compare = <T extends number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

/** The longest a Node timer can wait (2^31 - 1 ms, 24.8 days); longer keep-alives never end by a timer. */
export const MAX_TIMER_MS = 2_147_483_647
