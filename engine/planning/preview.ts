import { EngineError } from '../errors.ts'
import { within } from '../health/within.ts'
import { loadPlanFor, optionsFor } from '../load-plan.ts'
import type { EngineSettings } from '../settings.ts'
import type { InstalledModel } from '../store/types.ts'
import type { LoadedModel } from '../types.ts'
import { UNOCCUPIED } from './memory-left.ts'
import { sumOf } from './memory-sum.ts'
import type { LoadPlanner, PlannedLoad } from './types.ts'

/** How a model would be loaded, or in a sentence why it would be refused. */
export type Preview = { planned: PlannedLoad } | { refusal: string }

/** Undefined where there is nothing to say, or not soon. */
export type PreviewLoad = (model: InstalledModel) => Promise<Preview | undefined>

export interface PreviewParts {
  planner: LoadPlanner
  settings: EngineSettings
  /** Models in memory: they can go when this one is wanted. */
  loaded: () => readonly LoadedModel[]
  /** How long anybody waits for it; 300 ms unless set. */
  patienceMs?: number
}

/** Facts that are remembered take milliseconds; a machine that is read for the first time takes longer. */
const PATIENCE_MS = 300

/** Plans the load of a model as if a request asked for it that has no wishes, with nothing else in memory. */
export function createPreview({
  planner,
  settings,
  loaded,
  patienceMs = PATIENCE_MS,
}: PreviewParts): PreviewLoad {
  return async (model) => {
    if (model.weightsPath === undefined) return undefined
    const options = optionsFor({ model, options: {}, defaults: undefined }, settings)
    const wish = { model, plan: loadPlanFor({ model }, options, settings) }
    const occupancy = { ...UNOCCUPIED, leaving: sumOf(loaded().map(({ memory }) => memory)) }
    const patience = AbortSignal.timeout(patienceMs)
    try {
      return { planned: await within(planner.plan(wish, occupancy), patience) }
    } catch (error) {
      if (error instanceof EngineError && error.code === 'does_not_fit') return { refusal: error.message }
      // What cannot be read says so when it is loaded: nobody is told less of a model for it.
      return undefined
    }
  }
}
