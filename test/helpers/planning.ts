/** Loads to plan, of models that are known by their architecture and on no disk. */
import type { LoadPlan } from '../../engine/backend.ts'
import { catalogModel } from '../../engine/fit/catalog/catalog.ts'
import { catalogFacts } from '../../engine/fit/model-facts.ts'
import type { Machine } from '../../engine/fit/types.ts'
import type { FileType } from '../../engine/gguf/file-type.ts'
import { createLoadPlanner, type LoadPlannerParts } from '../../engine/planning/load-planner.ts'
import { UNOCCUPIED } from '../../engine/planning/memory-left.ts'
import type { LoadPlanner, Occupancy, ReadMachine } from '../../engine/planning/types.ts'
import { installedModel } from './installed-model.ts'

export const machineNow =
  (machine: Machine): ReadMachine =>
  async () => ({ machine, notes: [] })

/** Asks for nothing. */
export const EMPTY_PLAN: LoadPlan = {
  weightsPath: '/weights',
  adapterPaths: [],
  slots: 1,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  contextLength: 0,
  batchTokens: 512,
  gpuLayers: -1,
  mainGpu: undefined,
  mmap: undefined,
  threads: 0,
}

/** A planner of loads of a model of the catalog on a machine. */
export function loadPlannerOf(
  machine: Machine,
  [name, fileType]: readonly [name: string, fileType: FileType],
  settings: Partial<LoadPlannerParts['settings']> = {},
): LoadPlanner {
  const model = catalogModel(name)
  if (model === undefined) throw new Error(`the catalog has no ${name}`)
  const facts = catalogFacts(model, [{ name, fileType, source: 'installed' }])
  return createLoadPlanner({
    readMachine: machineNow(machine),
    settings: { kvCacheType: 'auto', ...settings },
    installedFacts: async () => facts,
  })
}

/** A function that plans such loads. */
export function plannerOf(...parts: Parameters<typeof loadPlannerOf>) {
  const planner = loadPlannerOf(...parts)
  return (wish: Partial<LoadPlan> = {}, occupancy: Partial<Occupancy> = {}) =>
    planner.plan(
      { model: installedModel('model'), plan: { ...EMPTY_PLAN, ...wish } },
      { ...UNOCCUPIED, ...occupancy },
    )
}
