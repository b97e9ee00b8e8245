/** Kills the process that holds the model again and again while clients use it, and looks what they see of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import { ask, type Outcome, Violation } from './client.ts'
import { type Front, startFront } from './front.ts'
import { childrenOf, identityOf, isGoneWithin, openFiles, residentBytes } from './proc.ts'
import { median, slope } from './report.ts'

export interface StormReport {
  kills: number
  /** Kills that met a model still loading. */
  duringLoad: number
  outcomes: Record<Outcome, number>
  /** Everything that must not be; empty when all is well. */
  violations: string[]
  /** From a kill to the next first piece of an answer, milliseconds. */
  recoveryMs: { median: number; longest: number }
  /** What a kill adds to the live heap of the server, after the warm-up. */
  bytesPerKill: number
  /** Of the server, at the end of the warm-up and of the storm. */
  residentBytes: { before: number; after: number }
  openFiles: { before: number; after: number }
  seconds: number
}

/** What the storm and its clients share. */
interface Scene {
  front: Front
  agent: Agent
  outcomes: StormReport['outcomes']
  violations: string[]
  isOver: boolean
  firstPieces: number
  recoveries: number[]
  killedAt: number | undefined
}

const STREAMS = 8
/** Early kills find buffers and caches that still grow. */
const WARM_UP = 0.3

/** Takes a second or less a kill on an idle machine. Linux only; needs `dist/`. */
export async function storm(kills: number, onKill: (done: number) => void = () => {}): Promise<StormReport> {
  const startedAt = performance.now()
  const front = await startFront({ parallel: STREAMS })
  const scene: Scene = {
    front,
    agent: new Agent(),
    outcomes: { answered: 0, 'cut off': 0, refused: 0, 'load failed': 0, cancelled: 0 },
    violations: [],
    isOver: false,
    firstPieces: 0,
    recoveries: [],
    killedAt: undefined,
  }
  const memory: [kill: number, bytes: number][] = []
  let duringLoad = 0
  const resident = { before: 0, after: 0 }
  const files = { before: 0, after: 0 }
  try {
    files.before = await filesAtRest(scene, 'before')
    const clients = Array.from({ length: STREAMS }, (_, stream) => client(scene, stream))
    for (let kill = 0; kill < kills; kill++) {
      if (await killOnce(scene, kill)) duringLoad += 1
      memory.push([kill, await front.liveBytes()])
      resident.after = residentBytes(front.pid)
      if (kill === Math.floor(kills * WARM_UP)) resident.before = resident.after
      onKill(kill + 1)
    }
    scene.isOver = true
    await Promise.all(clients)
    files.after = await filesAtRest(scene, 'after')
    if (files.after > files.before) scene.violations.push(`open files: ${files.before} → ${files.after}`)
  } finally {
    await end(scene)
  }
  const settled = memory.slice(Math.floor(memory.length * WARM_UP))
  return {
    kills,
    duringLoad,
    outcomes: scene.outcomes,
    violations: scene.violations,
    recoveryMs: { median: median(scene.recoveries), longest: Math.max(...scene.recoveries) },
    bytesPerKill: slope(settled),
    residentBytes: resident,
    openFiles: files,
    seconds: (performance.now() - startedAt) / 1000,
  }
}

/** A client that asks one thing after another, each only once, so that no request is taken for an earlier one. */
async function client(scene: Scene, stream: number): Promise<void> {
  for (let n = 0; !scene.isOver; n++) await one(scene, `Stream ${stream}, question ${n}. The answer is`)
}

async function one(scene: Scene, prompt: string): Promise<void> {
  const onFirst = () => {
    scene.firstPieces += 1
    if (scene.killedAt !== undefined) scene.recoveries.push(performance.now() - scene.killedAt)
    scene.killedAt = undefined
  }
  const tokens = 1 + Math.floor(Math.random() * 60)
  const isStream = Math.random() < 0.75
  try {
    const { agent, front } = scene
    scene.outcomes[
      await ask({ url: front.url, agent, model: 'snug-tiny', prompt, tokens, isStream, onFirst })
    ] += 1
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    scene.violations.push(error.message)
  }
}

/**
 * Kills the model's process at a moment that nobody chose: every second time soon after it was started, otherwise
 * soon after the first piece of an answer. True when it was still loading.
 */
async function killOnce(scene: Scene, kill: number): Promise<boolean> {
  const { front, violations } = scene
  const seen = scene.firstPieces
  const runner = await within(30_000, () => childrenOf(front.pid)[0])
  if (runner === undefined) {
    violations.push('no new runner was started')
    return false
  }
  if (kill % 2 === 0) await within(30_000, () => (scene.firstPieces > seen ? true : undefined))
  await sleep(Math.random() * 300)
  const identity = identityOf(runner)
  process.kill(runner, 'SIGKILL')
  const killedAt = performance.now()
  const answer = await fetch(`${front.url}/api/version`, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(10_000),
  })
  if (!answer.ok) violations.push(`the server answers ${answer.status}`)
  await answer.arrayBuffer()
  if (!(await isGoneWithin(runner, identity, 10_000))) violations.push(`process ${runner} is still there`)
  const wasLoading = scene.firstPieces === seen
  // Only now: pieces that were on their way may have come until here.
  scene.killedAt ??= killedAt
  if (childrenOf(front.pid).length > 1) violations.push('more than one runner for one model')
  return wasLoading
}

/** Polls until `look` finds something; undefined when the time is over. */
async function within<T>(timeoutMs: number, look: () => T | undefined): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = look()
    if (found !== undefined || performance.now() > deadline) return found
    await sleep(2)
  }
}

/** Open files of the server with the model loaded and all clients gone. */
async function filesAtRest(scene: Scene, when: string): Promise<number> {
  const prompts = Array.from({ length: STREAMS }, (_, stream) => `Stream ${stream}, ${when} the storm:`)
  await Promise.all(prompts.map((prompt) => one(scene, prompt)))
  await scene.agent.close()
  scene.agent = new Agent()
  return openFiles(scene.front.pid)
}

async function end({ front, violations }: Scene): Promise<void> {
  const runners = childrenOf(front.pid).map((pid) => [pid, identityOf(pid)] as const)
  const status = await front.stop()
  if (status !== 0) violations.push(`the server left with ${status}`)
  for (const [pid, identity] of runners) {
    if (!(await isGoneWithin(pid, identity, 5_000))) violations.push(`orphan ${pid}`)
  }
}
