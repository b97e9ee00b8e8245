/** The decision of engine/fit as the parameters of a load: what nobody asked for is chosen, the rest is kept to. */
import type { LoadPlan } from '../backend.ts'
import { type Candidate, candidatesFor, fits, type Wishes } from '../fit/candidates.ts'
import { chosenFor, decide, decision, finished } from '../fit/decide.ts'
import { type FittingPlan, isFitting } from '../fit/plan.ts'
import type { Machine, ModelFacts } from '../fit/types.ts'
import { SMALL_MACHINE_CONTEXT } from '../settings.ts'
import type { InstalledModel } from '../store/types.ts'
import { hasRoom, isAsGood } from './as-good.ts'
import { inSlices } from './in-slices.ts'
import { createInstalledFacts, type InstalledFacts } from './installed-facts.ts'
import { type WishSettings, wishesFor } from './load-wishes.ts'
import { machineAfter, machineWithoutReserves, machineWithShares, nobodyLeft } from './memory-left.ts'
import { needsOf, placingOf, roomOn } from './placed-plan.ts'
import { doesNotFit } from './refusal.ts'
import type { LoadPlanner, LoadWish, Measurements, PlannedLoad, ReadMachine } from './types.ts'
import { planUncomputed } from './uncomputed.ts'

export interface LoadPlannerParts {
  readMachine: ReadMachine
  settings: WishSettings
  /** Measured speed divided by the computed one, by `planKey`, of files on a machine. */
  measurements?: Measurements
  installedFacts?: InstalledFacts
}

/** llama-server's own number of slots where nobody names one. */
const MOST_AUTOMATIC_SLOTS = 4

export function createLoadPlanner({
  readMachine,
  settings,
  measurements,
  installedFacts = createInstalledFacts(),
}: LoadPlannerParts): LoadPlanner {
  return {
    async plan(wish, occupancy, lessons = {}): Promise<PlannedLoad> {
      const [{ machine: now }, model] = await Promise.all([readMachine(), installedFacts(wish.model)])
      const withShares = (all: Machine) => machineWithShares(all, lessons.shares ?? {})
      const machine = withShares(machineAfter(now, occupancy))
      const machineNow = withShares(machineAfter(now, nobodyLeft(occupancy)))
      if (model === undefined) return planUncomputed(wish, machine)
      const measured = measurements?.(now, pathsOf(wish.model))
      const question: Question = {
        model,
        machine,
        machineNow,
        wishes: { ...wishesFor(wish.plan, settings, machine, lessons), offer: model.offers[0]?.name },
        ...(measured === undefined ? {} : { measurements: measured }),
      }
      return planComputed(wish, question)
    },
  }
}

const pathsOf = ({ weightsPath }: InstalledModel): string[] =>
  weightsPath === undefined ? [] : [weightsPath]

interface Question {
  model: ModelFacts
  machine: Machine
  /** Before those who are to leave have left. */
  machineNow: Machine
  wishes: Wishes
  measurements?: ReadonlyMap<string, number>
}

async function planComputed(wish: LoadWish, question: Question): Promise<PlannedLoad> {
  const { wishes, machineNow, ...facts } = question
  const comfortable = await inSlices(decision(facts, wishes))
  if (isFitting(comfortable)) {
    const load = plannedAs(wish, question, comfortable)
    if (hasRoom(load)) return load
    // Nobody has to leave only so that there is a longer context, or more slots, than is needed.
    const now = await inSlices(decision({ ...facts, machine: machineNow }, wishes))
    return isAsGood(now, comfortable) ? plannedAs(wish, { ...question, machine: machineNow }, now) : load
  }
  const bare = withoutReserves(wish, question)
  const fit = tightest(wish, bare)
  if (fit === undefined) throw doesNotFit(wish, bare)
  return plannedAs(wish, { ...question, machineNow: bare.machineNow }, fit)
}

function plannedAs(wish: LoadWish, question: Question, fit: FittingPlan): PlannedLoad {
  const { candidate } = fit.chosen
  const roomy = wish.plan.slots === 0 ? withMostSlots(question, candidate) : candidate
  const { sequences } = roomy.settings
  const { contextLength, cacheType } = candidate.settings
  return {
    plan: {
      ...wish.plan,
      ...placingOf(wish.plan, candidate, question.machine),
      contextLength,
      kvCacheType: runnerCacheType(cacheType, wish.plan),
      slots: wish.plan.slots === 0 ? sequences : wish.plan.slots,
      cells: sequences * contextLength,
      mmap: wish.plan.mmap ?? fit.mapsWeights,
    },
    needs: needsOf(roomy),
    room: roomOn(question.machineNow, roomy),
    fit,
  }
}

/** Types that fit chooses by itself are among those of the runner. */
const runnerCacheType = (cacheType: string, { kvCacheType }: LoadPlan): LoadPlan['kvCacheType'] =>
  cacheType === 'f16' || cacheType === 'q8_0' || cacheType === 'q4_0' ? cacheType : kvCacheType

/**
 * What fits when nothing is kept back for others: reserves guide choices, and a model that somebody names is refused
 * only when it cannot be there. What is left to choose is as small as it is of use; slots then share cells, and
 * weights are read from disk again and again where somebody asked for them to be mapped.
 */
function tightest(wish: LoadWish, bare: Question): FittingPlan | undefined {
  const most = bare.wishes.sequences ?? 1
  const fewer = Array.from({ length: most }, (_, i) => most - i)
  const attempts = [
    ...fewer.map((sequences) => ({ sequences })),
    ...(wish.plan.mmap === true ? [{ sequences: 1, allowsDisk: true }] : []),
  ]
  const { wishes, machineNow: _, ...facts } = bare
  const found = attempts.find((attempt) => chosenFor(facts, { ...wishes, ...attempt }) !== undefined)
  const plan = found && decide(facts, { ...wishes, ...found })
  return plan && isFitting(plan) ? plan : undefined
}

function withoutReserves(wish: LoadWish, question: Question): Question {
  const { model, wishes } = question
  return {
    ...question,
    machine: machineWithoutReserves(question.machine, wish.plan.gpuLayers >= 0),
    machineNow: machineWithoutReserves(question.machineNow, wish.plan.gpuLayers >= 0),
    wishes: {
      ...wishes,
      contextLength: wishes.contextLength ?? Math.min(model.contextLength, SMALL_MACHINE_CONTEXT),
    },
  }
}

/** The same with as many slots as fit comfortably, each with a whole context, where that moves nothing elsewhere. */
function withMostSlots(question: Question, chosen: Candidate): Candidate {
  for (let slots = MOST_AUTOMATIC_SLOTS; slots > 1; slots--) {
    const candidate = withSequences(question, chosen, slots)
    if (candidate !== undefined && fits(candidate)) return candidate
  }
  return chosen
}

/** The candidate with so many sequences in the same places; undefined where it would lie elsewhere. */
function withSequences(
  { wishes, machineNow: _, ...facts }: Question,
  chosen: Candidate,
  sequences: number,
): Candidate | undefined {
  const { offer, settings, placement } = chosen
  const only = { offers: [offer], settings: [{ ...settings, sequences }] }
  const options = finished(candidatesFor(facts, wishes, only))
  return options.find(
    (other) =>
      other.placement.gpuLayers === placement.gpuLayers &&
      other.placement.expertLayersInRam === placement.expertLayersInRam &&
      other.placement.shares.length === placement.shares.length,
  )
}
