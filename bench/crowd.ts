/** Requests that wait behind full slots until their clients leave. */
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { ask } from './client.ts'
import type { Front } from './front.ts'
import { slope } from './report.ts'

/** Waiting at the same moment; the queue of a server holds 512 unless told otherwise. */
const CROWD = 500
const MODEL = 'endless'
const PATIENCE_MS = 60_000

export interface CrowdReport {
  /** Requests that waited and left. */
  left: number
  /** What one that left adds to the live heap of the server. */
  bytesPerRequest: number
  /** Of the slots, those that the streams in front of the crowd still have at the end. */
  busySlots: number
}

/** Fills all `slots` with answers that never end, and lets `requests` wait behind them, a crowd at a time. */
export async function crowds(front: Front, slots: number, requests: number): Promise<CrowdReport> {
  const agent = new Agent()
  const job = { url: front.url, agent, model: MODEL, tokens: -1, isStream: true }
  const inFront = new AbortController()
  const streams = Array.from({ length: slots }, (_, slot) =>
    ask({ ...job, prompt: `Slot ${slot}`, signal: inFront.signal }),
  )
  await until(async () => (await usage(front, agent)).busySlots === slots)
  const memory: [left: number, bytes: number][] = []
  let left = 0
  while (left < requests) {
    const leaving = new AbortController()
    setMaxListeners(CROWD, leaving.signal)
    const crowd = Array.from({ length: Math.min(CROWD, requests - left) }, (_, n) =>
      ask({ ...job, prompt: `In line ${n}`, signal: leaving.signal }),
    )
    await until(async () => (await usage(front, agent)).waiting === crowd.length)
    leaving.abort()
    const outcomes = await Promise.all(crowd)
    left += outcomes.filter((outcome) => outcome === 'cancelled').length
    await until(async () => (await usage(front, agent)).waiting === 0)
    memory.push([left, await front.liveBytes()])
  }
  const { busySlots } = await usage(front, agent)
  inFront.abort()
  await Promise.all(streams)
  await until(async () => (await usage(front, agent)).busySlots === 0)
  await agent.close()
  return { left, busySlots, bytesPerRequest: slope(memory.slice(Math.floor(memory.length * 0.3))) }
}

async function usage(front: Front, agent: Agent): Promise<{ busySlots: number; waiting: number }> {
  const { body } = await request(`${front.url}/api/ps`, { dispatcher: agent })
  const { models } = (await body.json()) as {
    models: { name: string; snug: { busy_slots: number; waiting: number } }[]
  }
  const found = models.find(({ name }) => name.startsWith(MODEL))
  return { busySlots: found?.snug.busy_slots ?? 0, waiting: found?.snug.waiting ?? 0 }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const tooLate = performance.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (performance.now() > tooLate) throw new Error('the queue is not as it should be')
    await sleep(20)
  }
}
