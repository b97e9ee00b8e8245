/** What planning a load needs to know of the moment, and what comes of it. */
import type { LoadPlan } from '../backend.ts'
import type { Plan } from '../fit/plan.ts'
import type { Machine } from '../fit/types.ts'
import type { InstalledModel } from '../store/types.ts'
import type { Lessons } from './load-wishes.ts'

/** The machine with what is free on it now. */
export interface MachineNow {
  machine: Machine
  /** Why nothing runs on a GPU; absent when something can. */
  cpuReason?: string
  /** What was not found or not believed, in sentences. */
  notes: readonly string[]
}

/** Reads the machine: probes once, free memory anew with every call. Never throws. */
export type ReadMachine = () => Promise<MachineNow>

/**
 * What earlier answers have shown of the speed of files on a machine: measured divided by computed speed, by `planKey`,
 * for `DecisionFacts.measurements`.
 */
export type Measurements = (machine: Machine, weightsPaths: readonly string[]) => ReadonlyMap<string, number>

/** Bytes by where they lie: the runner's names of devices, such as `CUDA0`, and `RAM`. */
export type MemoryByDevice = Readonly<Record<string, number>>

/** The key of main memory in `MemoryByDevice`. */
export const RAM = 'RAM'

/** Models in memory while another is planned. What is free on GPUs is read anew; mapped weights count as free RAM. */
export interface Occupancy {
  /** Of models that stay loaded. */
  staying: MemoryByDevice
  /** Of models that still load: promised, and not all of it taken yet. */
  loading: MemoryByDevice
  /** Of models that will have gone before the load begins. */
  leaving: MemoryByDevice
}

/** A model to load, with what the request and the operator ask for. */
export interface LoadWish {
  model: InstalledModel
  /** Negative `gpuLayers`, 0 `slots` and 0 `contextLength` leave the choice to the planner. */
  plan: LoadPlan
}

/** How a model is to be loaded. */
export interface PlannedLoad {
  plan: LoadPlan
  /** What it is expected to take, in all. */
  needs: MemoryByDevice
  /**
   * What this load may take on each device now, with nobody of `leaving` gone: free memory less reserves and what is
   * promised to models that still load. Absent where that is not known; then all of `leaving` that lie on devices
   * this load needs have to go.
   */
  room?: MemoryByDevice
  /** The decision with its reasons; absent where the header says too little to compute with. */
  fit?: Plan
}

export interface LoadPlanner {
  /**
   * Chooses context, cache type and placement for memory as it is now and as it is about to be. Throws EngineError
   * `does_not_fit`, with numbers and the largest configuration that would do, when nothing fits. `lessons`: what an
   * attempt with the same wish has failed for just before.
   */
  plan(wish: LoadWish, occupancy: Occupancy, lessons?: Lessons): Promise<PlannedLoad>
}
