/**
 * Whether loaded models still give tokens. A probe takes no lease: it keeps no model in memory, and none away from
 * those who want it alone. A model that is at work is only watched, so a probe neither waits behind long answers nor
 * slows them:
 *
 *   nothing to do                       → has to give a token of its own
 *   at work, and steps come to an end   → is well
 *   all slots wait for slow readers     → is well: what stands still are its clients
 *   at work, a slot free, no step ends  → has to give a token of its own, which may need that step to end
 *   at work, no slot free, no step ends → waits, and has failed when the time is over
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Runner, RunnerStatus } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { DEFAULT_OPTIONS } from '../options.ts'
import type { ResidentView } from '../scheduler/types.ts'
import type { InstalledModel } from '../store/types.ts'
import { withDeadline, within } from './within.ts'

/** `token`: it gave one when asked; `busy`: it was at work and went on. */
export type ProbeResult = 'token' | 'busy' | 'failed'

export interface Probe {
  model: InstalledModel
  result: ProbeResult
  ms: number
  /** Why it failed. */
  reason?: string
}

/** How often a model at work is looked at. */
const LOOK_MS = 50

/** Callers with the same budget share one probe while it runs. */
export function createProbe(
  residents: () => ResidentView<InstalledModel>[],
): (budgetMs: number) => Promise<Probe[]> {
  const running = new Map<number, Promise<Probe[]>>()
  return (budgetMs) => {
    const shared = running.get(budgetMs)
    if (shared !== undefined) return shared
    const probes = probeAll(residents(), budgetMs).finally(() => running.delete(budgetMs))
    running.set(budgetMs, probes)
    return probes
  }
}

async function probeAll(residents: ResidentView<InstalledModel>[], budgetMs: number): Promise<Probe[]> {
  const probes = residents.map(async ({ runner, tag, plan, isRetiring }) => {
    if (runner === undefined || isRetiring) return []
    return probeOne(runner, tag, plan.embedsOnly === true, budgetMs)
  })
  return (await Promise.all(probes)).flat()
}

/** Nothing for a model that was let go meanwhile. */
async function probeOne(
  runner: Runner,
  model: InstalledModel,
  embedsOnly: boolean,
  budgetMs: number,
): Promise<Probe[]> {
  const startedAt = performance.now()
  const late = new EngineError('busy', `no token within ${budgetMs} ms`)
  const ms = () => performance.now() - startedAt
  try {
    const result = await withDeadline(budgetMs, late, (signal) => signOfLife(runner, embedsOnly, signal))
    return [{ model, result, ms: ms() }]
  } catch (error) {
    if (await isLetGo(runner)) return []
    return [{ model, result: 'failed', ms: ms(), reason: (error as Error).message }]
  }
}

/** Whether the runner was ended because somebody asked for it; one that has just gone is given its say. */
const isLetGo = (runner: Runner): Promise<boolean> =>
  Promise.race([runner.gone.then((error) => error === undefined), setImmediate(false)])

async function signOfLife(runner: Runner, embedsOnly: boolean, signal: AbortSignal): Promise<ProbeResult> {
  let before: number | undefined
  for (;;) {
    const status = await within(runner.status(), signal)
    const isFree = status.busySlots < runner.info.slots
    const now = progress(status)
    if (before !== undefined && now > before) return 'busy'
    if (!isFree && status.pausedSlots === status.busySlots) return 'busy'
    if (status.busySlots === 0 || (isFree && before !== undefined)) {
      await (embedsOnly ? embedOne(runner, signal) : generateOne(runner, signal))
      return 'token'
    }
    before = now
    await within(sleep(LOOK_MS), signal)
  }
}

/** Grows with whatever the runner gets done. */
const progress = ({ outputTokens, steps = 0 }: RunnerStatus): number => outputTokens + steps

const GREEDY = { ...DEFAULT_OPTIONS, temperature: 0 }

/** Any text will do: what counts is that something is computed for it. */
const somePrompt = (runner: Runner, signal: AbortSignal): Promise<number[]> =>
  within(runner.tokenize('a', { special: false, bos: true }), signal)

async function generateOne(runner: Runner, signal: AbortSignal): Promise<void> {
  const request = {
    prompt: await somePrompt(runner, signal),
    sampling: GREEDY,
    maxTokens: 1,
    keepTokens: 0,
    shift: false,
    stop: [],
  }
  for await (const event of runner.generate(request, signal)) if (event.type === 'end') return
  throw new EngineError('runner_died', 'the runner ended without an answer')
}

async function embedOne(runner: Runner, signal: AbortSignal): Promise<void> {
  const input = await somePrompt(runner, signal)
  await (runner.rerank ?? runner.embed)?.([input], signal)
}
