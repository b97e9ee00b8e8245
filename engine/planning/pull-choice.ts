/** Chooses what a pull gets on this machine, and says first whether what it gets fits. */
import { EngineError } from '../errors.ts'
import { within } from '../health/within.ts'
import { isHuggingFace } from '../registry/hugging-face/hosts.ts'
import type { ChoosePull, PullRequest, Registries, TransferEvent } from '../registry/types.ts'
import type { EngineSettings } from '../settings.ts'
import { parseModelName, shortName } from '../store/name.ts'
import type { ModelName, ModelStore } from '../store/types.ts'
import type { LoadedModel } from '../types.ts'
import { machineAlone } from './memory-left.ts'
import { bestPlan, keptPlan, planFor, type Where } from './pull-plan.ts'
import { chosenLines, warning } from './pull-verdict.ts'
import { hubTarget } from './targets/hub.ts'
import { namedInLibrary, sizesInLibrary } from './targets/library.ts'
import type { NamedModel, Sizes } from './targets/types.ts'
import type { ReadMachine } from './types.ts'
import { isAuto } from './variants.ts'

export interface PullChoiceParts {
  models: Pick<ModelStore, 'manifest'>
  registries: Pick<Registries, 'open'>
  readMachine: ReadMachine
  settings: EngineSettings
  /** Models in memory: they can go when the new one is wanted. */
  loaded: () => readonly LoadedModel[]
  /** How long a pull waits for the machine to be read; 10 s unless set. */
  patienceMs?: number
}

/** Probing drivers and measuring main memory takes seconds the first time. */
const MACHINE_MS = 10_000
/** A tag that somebody wrote is pulled whatever comes of it, so it does not wait long for a warning. */
const WARNING_MS = 5000

export function createPullChoice(parts: PullChoiceParts): ChoosePull {
  return async function* (request, signal) {
    const { name, hasTag } = request
    if (hasTag && !isAuto(shortName(name))) {
      if (isHuggingFace(name.host)) yield status(`looking whether ${shortName(name)} fits this machine`)
      const text = await warningFor(parts, name, signal)
      if (text !== undefined) yield status(text)
      return name
    }
    return yield* chosenFor(parts, request, signal)
  }
}

const status = (text: string): TransferEvent => ({ type: 'status', text })

async function* chosenFor(
  parts: PullChoiceParts,
  { name, hasTag }: PullRequest,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent, ModelName> {
  const latest = { ...name, tag: 'latest' }
  try {
    if (isHuggingFace(name.host)) yield status(`looking for what fits this machine in ${titleOf(name)}`)
    const sizes = await sizesFor(parts, { name, hasTag }, signal)
    // Nothing is known of it, and nothing is said.
    if (sizes === undefined) return name
    const where = await whereOf(parts, signal)
    const best = await bestPlan(sizes, where)
    if (best?.verdict !== 'fits') {
      yield status(`nothing of ${titleOf(name)} fits this machine: ${best?.reasons[0]?.sentence ?? ''}`)
      yield status(`pulling ${shortName(latest)} all the same`)
      return latest
    }
    const isInstalled = ({ name: offer }: { name: string }) => isStored(parts, offer)
    const plan = (await keptPlan(best, where, isInstalled)) ?? best
    const chosen = plan.chosen?.candidate.offer ?? { name: '' }
    for (const line of chosenLines(plan, await isInstalled(chosen))) yield status(line)
    return parseModelName(chosen.name) ?? latest
  } catch (error) {
    signal.throwIfAborted()
    yield status(`what fits this machine cannot be told: ${reasonOf(error)}; pulling ${shortName(latest)}`)
    return latest
  }
}

/** What there is to choose from; undefined for what is known neither by the catalog nor by Hugging Face. */
async function sizesFor(
  { registries }: PullChoiceParts,
  { name, hasTag }: Pick<PullRequest, 'name' | 'hasTag'>,
  signal: AbortSignal,
): Promise<Sizes | undefined> {
  if (!isHuggingFace(name.host)) return sizesInLibrary(name, hasTag)
  const { model } = await hubTarget(registries, { ...name, tag: 'latest' }, signal)
  return { sizes: [async () => model], wanted: 'fits' }
}

/** Why the model that somebody names does not fit here; undefined when it does, or nobody can say. */
async function warningFor(
  parts: PullChoiceParts,
  name: ModelName,
  signal: AbortSignal,
): Promise<string | undefined> {
  const inner = AbortSignal.any([signal, AbortSignal.timeout(WARNING_MS)])
  try {
    const named = await namedModel(parts, name, inner)
    if (named?.offer === undefined) return undefined
    const { model, offer } = named
    const where = await whereOf(parts, inner)
    if ((await planFor(model, where, { offer })).verdict === 'fits') return undefined
    const siblings = await named.siblings(inner)
    return warning(shortName(name), await planFor(model, where, { offer, siblings }))
  } catch {
    signal.throwIfAborted()
    // What is wrong with the name or its registry the pull says itself.
    return undefined
  }
}

async function namedModel(
  { registries }: PullChoiceParts,
  name: ModelName,
  signal: AbortSignal,
): Promise<NamedModel | undefined> {
  if (!isHuggingFace(name.host)) return await namedInLibrary(name, signal)
  return { ...(await hubTarget(registries, name, signal)), siblings: async () => [] }
}

/** Throws EngineError when the machine cannot be read in time. */
async function whereOf(
  { readMachine, settings, loaded, patienceMs = MACHINE_MS }: PullChoiceParts,
  signal: AbortSignal,
): Promise<Where> {
  const patience = AbortSignal.timeout(patienceMs)
  try {
    const { machine } = await within(readMachine(), AbortSignal.any([signal, patience]))
    return { machine: machineAlone(machine, loaded()), settings, signal }
  } catch (cause) {
    signal.throwIfAborted()
    const why = patience.aborted ? `it has not told within ${patienceMs / 1000} s` : reasonOf(cause)
    throw new EngineError('unsupported', `the machine cannot be read (${why})`, { cause })
  }
}

/** A model with this name is installed; one that cannot be read is not. */
async function isStored({ models }: PullChoiceParts, text: string): Promise<boolean> {
  const name = parseModelName(text)
  return name !== undefined && (await models.manifest(name).catch(() => undefined)) !== undefined
}

/** A model whatever its tag. */
const titleOf = (name: ModelName): string => shortName(name).slice(0, -`:${name.tag}`.length)

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
