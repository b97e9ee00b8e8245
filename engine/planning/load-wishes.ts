import type { LoadPlan } from '../backend.ts'
import type { Wishes } from '../fit/candidates.ts'
import type { Machine } from '../fit/types.ts'
import { DEFAULT_OPTIONS } from '../options.ts'
import type { EngineSettings } from '../settings.ts'

const GIB = 2 ** 30

/**
 * The longest context that a load takes by itself. Ollama goes by the memory of all GPUs together (server/routes.go):
 * 32,768 tokens below 47 GiB and 262,144 from there on. Without a GPU long prompts take minutes and their cells
 * memory that others need, so that there the comfortable 16,384 of fit's rules are the most.
 */
const MOST_CONTEXT = { withoutGpu: 16_384, withGpu: 32_768, withLargeGpus: 262_144, largeBytes: 47 * GIB }

export function mostContextOn({ devices }: Pick<Machine, 'devices'>): number {
  if (devices.length === 0) return MOST_CONTEXT.withoutGpu
  const bytes = devices.reduce((sum, { totalBytes }) => sum + totalBytes, 0)
  return bytes < MOST_CONTEXT.largeBytes ? MOST_CONTEXT.withGpu : MOST_CONTEXT.withLargeGpus
}

/** What a load failed for before: bounds that the next plan keeps to. */
export interface Lessons {
  /** Shares of what is free on a device, or in main memory, that may be counted on. */
  shares?: Readonly<Record<string, number>>
  /** Unless a context is asked for. */
  mostContext?: number
  /** The device cannot do it with this model. */
  hasFlashAttention?: false
}

export type WishSettings = Pick<EngineSettings, 'kvCacheType' | 'gpuOverheadBytes' | 'spreadsOverGpus'>

/** The part of a plan that says what is asked for. */
export type Asked = Pick<
  LoadPlan,
  'contextLength' | 'kvCacheType' | 'gpuLayers' | 'mainGpu' | 'batchTokens' | 'flashAttention' | 'slots'
>

/** What a load asks for, in the terms of fit; what nobody asked for is left open. */
export function wishesFor(
  plan: Asked,
  settings: WishSettings,
  machine: Machine,
  lessons: Lessons = {},
): Wishes {
  const mostContext = Math.min(mostContextOn(machine), lessons.mostContext ?? Number.POSITIVE_INFINITY)
  return {
    contextLength: plan.contextLength > 0 ? plan.contextLength : undefined,
    mostContext,
    cacheType: settings.kvCacheType === 'auto' ? undefined : plan.kvCacheType,
    gpuLayers: plan.gpuLayers >= 0 ? plan.gpuLayers : undefined,
    mainGpu: plan.mainGpu,
    spreads: settings.spreadsOverGpus,
    stepTokens: plan.batchTokens,
    hasFlashAttention: lessons.hasFlashAttention ?? plan.flashAttention !== false,
    deviceReserveBytes: settings.gpuOverheadBytes,
    sequences: Math.max(1, plan.slots),
  }
}

/** What a load asks for when no request says anything; `trained`: tokens that the model was trained for. */
export function plainWishes(settings: EngineSettings, machine: Machine, trained: number): Wishes {
  const asked = {
    ...DEFAULT_OPTIONS,
    contextLength: Math.min(settings.contextLength, trained),
    kvCacheType: settings.kvCacheType === 'auto' ? ('f16' as const) : settings.kvCacheType,
    flashAttention: settings.flashAttention,
    slots: settings.parallel,
  }
  return wishesFor(asked, settings, machine)
}
