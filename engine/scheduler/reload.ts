import type { LoadPlan } from '../backend.ts'
import type { LoadOptions } from '../model-options.ts'

/** Two names of the same weights share a runner when the adapters match too. */
export const runnerKey = (plan: Pick<LoadPlan, 'weightsPath' | 'adapterPaths'>): string =>
  [plan.weightsPath, ...plan.adapterPaths].join('\n')

/** How a runner was loaded. */
export interface LoadedAs {
  plan: LoadPlan
  /** What had been asked for, before it was planned; a wish that the planner did not fulfil is not asked anew. */
  asked: LoadPlan
  /** The context that is chosen for this model when nobody names one, where that is known. */
  autoContext: number | undefined
}

/**
 * What about a request needs another runner than the loaded one (ollama server/sched.go needsReload); undefined when
 * nothing does. A negative layer count, an unset GPU, mapping or thread count match anything. Unlike in Ollama a
 * shorter context is no reason: the request is held to it on the longer one.
 */
export function reloadField(loaded: LoadedAs, wanted: LoadPlan): keyof LoadOptions | undefined {
  const differs = (field: keyof LoadOptions) =>
    loaded.plan[field] !== wanted[field] && loaded.asked[field] !== wanted[field]
  if (isTooShort(loaded, wanted)) return 'contextLength'
  if (differs('batchTokens')) return 'batchTokens'
  if (wanted.gpuLayers >= 0 && differs('gpuLayers')) return 'gpuLayers'
  if (wanted.mainGpu !== undefined && differs('mainGpu')) return 'mainGpu'
  if (wanted.mmap !== undefined && differs('mmap')) return 'mmap'
  if (wanted.threads > 0 && differs('threads')) return 'threads'
  return undefined
}

/** A context length of 0 is one that the planner chooses. */
function isTooShort({ plan, asked, autoContext }: LoadedAs, { contextLength }: LoadPlan): boolean {
  const least = contextLength > 0 ? contextLength : (autoContext ?? Number.POSITIVE_INFINITY)
  return asked.contextLength !== contextLength && plan.contextLength < least && asked.contextLength < least
}

/** What one load has to offer so that all who wait and differ in nothing but their contexts can use it. */
export function coalesced(wanted: LoadPlan, others: readonly LoadPlan[]): LoadPlan {
  if (wanted.contextLength === 0) return wanted
  const longest = others.filter((other) => {
    const grown = { ...wanted, contextLength: Math.max(wanted.contextLength, other.contextLength) }
    return reloadField({ plan: grown, asked: grown, autoContext: undefined }, other) === undefined
  })
  return {
    ...wanted,
    contextLength: Math.max(wanted.contextLength, ...longest.map((other) => other.contextLength)),
  }
}
