/**
 * What predictions were worth: speed and memory of loaded models beside what was said beforehand. Pure functions of
 * a list; the file it lives in is in history-file.ts.
 */
import { z } from 'zod'
import type { MemoryByDevice } from './types.ts'

/** Entries of the list, and answers of an entry: the file stays small. */
export const MOST_ENTRIES = 256
export const MOST_SPEEDS = 15
/** Devices of an entry, and characters of a text. */
const MOST_DEVICES = 64
const MOST_TEXT = 4096

const Text = z.string().min(1).max(MOST_TEXT)
const Bytes = z
  .number()
  .nonnegative()
  .max(2 ** 53)
const ByDevice = z
  .record(Text, Bytes)
  .refine((devices) => Object.keys(devices).length <= MOST_DEVICES, 'more devices than a machine has')
const Speed = z.object({
  /** Tokens a second of one answer, and what was computed without any measurement. */
  measured: z.number().positive().max(1e6),
  computed: z.number().positive().max(1e6),
})
export type SpeedPair = z.infer<typeof Speed>

const Memory = z.object({
  contextLength: z.int().nonnegative(),
  cacheType: Text,
  sequences: z.int().positive(),
  predicted: ByDevice,
  actual: ByDevice,
})
export type MemoryPair = z.infer<typeof Memory>

export const HistoryEntry = z.object({
  /** The machine's devices, the model's weights and `planKey`: what makes two answers comparable. */
  devices: Text,
  weights: Text,
  plan: Text,
  /** What people call the model. */
  name: Text,
  usedAtMs: z.int().nonnegative(),
  memory: Memory.optional(),
  /** The latest answers, the newest last. */
  speeds: z.array(Speed).max(MOST_SPEEDS),
})
export type HistoryEntry = z.infer<typeof HistoryEntry>

/** A way to run a model on a machine. */
export type HistoryKey = Pick<HistoryEntry, 'devices' | 'weights' | 'plan' | 'name'>

const isSame = (a: Omit<HistoryKey, 'name'>, b: Omit<HistoryKey, 'name'>): boolean =>
  a.devices === b.devices && a.weights === b.weights && a.plan === b.plan

const cut = ({ devices, weights, plan, name }: HistoryKey): HistoryKey => ({
  devices: devices.slice(0, MOST_TEXT),
  weights: weights.slice(0, MOST_TEXT),
  plan: plan.slice(0, MOST_TEXT),
  name: name.slice(0, MOST_TEXT),
})

/** The list with an entry changed or added, which comes first; those unused for longest are dropped. */
function updated(
  entries: readonly HistoryEntry[],
  key: HistoryKey,
  nowMs: number,
  change: (entry: HistoryEntry) => HistoryEntry,
): HistoryEntry[] {
  // What is longer than the file may hold is used cut, so that it can be found again.
  const own = cut(key)
  const entry = entries.find((other) => isSame(other, own)) ?? { ...own, speeds: [] }
  const others = entries.filter((other) => !isSame(other, own))
  return [change({ ...entry, name: own.name, usedAtMs: nowMs }), ...others].slice(0, MOST_ENTRIES)
}

/** The list after a load. */
export const withMemory = (
  entries: readonly HistoryEntry[],
  key: HistoryKey,
  memory: MemoryPair,
  nowMs: number,
): HistoryEntry[] => updated(entries, key, nowMs, (entry) => ({ ...entry, memory }))

/** The list after an answer. */
export const withSpeed = (
  entries: readonly HistoryEntry[],
  key: HistoryKey,
  speed: SpeedPair,
  nowMs: number,
): HistoryEntry[] =>
  updated(entries, key, nowMs, (entry) => ({
    ...entry,
    speeds: [...entry.speeds, speed].slice(-MOST_SPEEDS),
  }))

/** What `DecisionFacts.measurements` holds for a model on these devices: by plan, measured divided by computed speed. */
export function measuredRatios(
  entries: readonly HistoryEntry[],
  { devices, weights }: Pick<HistoryKey, 'devices' | 'weights'>,
): ReadonlyMap<string, number> {
  return new Map(
    entries
      .filter((entry) => entry.devices === devices && entry.weights === weights && entry.speeds.length > 0)
      .map((entry) => [
        entry.plan,
        medianOf(entry.speeds.map(({ measured, computed }) => measured / computed)),
      ]),
  )
}

/** The middle value; of an even number, the mean of the two in the middle. 0 for none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? upper
  return (lower + upper) / 2
}

export const sumOf = (memory: MemoryByDevice): number =>
  Object.values(memory).reduce((sum, bytes) => sum + bytes, 0)
