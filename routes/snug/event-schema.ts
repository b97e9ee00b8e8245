import { z } from 'zod'
import type { ActivityEvent } from '../../engine/activity.ts'
import { parseModelName, shortName } from '../../engine/store/name.ts'
import type { LoadedModel } from '../../engine/types.ts'
import { localTimestamp } from '../../formats/timestamps.ts'
import { toLoad } from '../wire/model-load.ts'

/** A message of a child process may have any length. */
const MOST_MESSAGE_CHARACTERS = 2_000

const model = z.string().describe('Name of the model, as /api/ps lists it')
const memory = z
  .record(z.string(), z.number().int())
  .describe('Bytes by device: `RAM`, and GPUs as the engine calls them, such as `CUDA0`')

const running = z.number().int().describe('Requests that use the model')
const waiting = z.number().int().describe('Requests that wait for a slot or for a load')
const tokens_per_second = z.number().describe('Generated lately, all answers together')

const SnapshotModel = z.object({
  model,
  size: z.number().int().describe('Bytes in memory'),
  size_vram: z.number().int().describe('Of these, on GPUs'),
  memory,
  context_length: z.number().int(),
  expires_at: z.string().describe('When it leaves memory if nobody asks for it'),
  slots: z.number().int().describe('Requests it serves at the same time'),
  busy_slots: z.number().int(),
  waiting,
  tokens_per_second,
})

/** What every message has. */
const HEAD = {
  seq: z.number().int().describe('Counts events; the same for every client'),
  at: z.iso.datetime().describe('When it happened'),
  dropped: z
    .number()
    .int()
    .optional()
    .describe('Events left out since the last message, because newer ones of their kind replaced them'),
}

/** Everything a client of /api/events may be sent. */
export const SnugEvent = z
  .discriminatedUnion('type', [
    z.object({
      ...HEAD,
      type: z.literal('snapshot').describe('Comes first, and once: what is loaded now'),
      models: z.array(SnapshotModel),
      loading: z.array(model).describe('Models on their way into memory'),
    }),
    z.object({
      ...HEAD,
      type: z.literal('load-started'),
      model,
      predicted: memory.describe('What the model is expected to take, by device; empty when nobody knows'),
    }),
    z.object({
      ...HEAD,
      type: z.literal('load-progress'),
      model,
      fraction: z.number().describe('From 0 to 1'),
    }),
    z.object({
      ...HEAD,
      type: z.literal('loaded'),
      model,
      load_ms: z.number().int(),
      actual: memory.describe('What the model has taken, by device'),
    }),
    z.object({ ...HEAD, type: z.literal('load-failed'), model, code: z.string(), message: z.string() }),
    z.object({
      ...HEAD,
      type: z.literal('evicted').describe('The model has left memory'),
      model,
      reason: z.enum(['keep-alive', 'memory', 'limit', 'asked', 'reload', 'died']),
      field: z.string().optional().describe('What about a request needed another runner'),
    }),
    z.object({ ...HEAD, type: z.literal('queue'), model, waiting, running }),
    z.object({
      ...HEAD,
      type: z
        .literal('speed')
        .describe('Every second while the model works, and once when it has come to rest'),
      model,
      tokens_per_second,
      running,
      waiting,
    }),
    z.object({
      ...HEAD,
      type: z.literal('memory').describe('Every five seconds'),
      available: memory.describe('What could be taken now without swapping'),
      models: z.record(z.string(), memory).describe('What each loaded model has taken'),
    }),
  ])
  .meta({ id: 'SnugEvent', title: 'SnugEvent', description: 'A message of GET /api/events' })
export type SnugEvent = z.output<typeof SnugEvent>

type WithoutHead<E> = E extends SnugEvent ? Omit<E, keyof typeof HEAD> : never

/** What a message says, beside what every message has. */
export type EventBody = WithoutHead<SnugEvent>
type Body<T extends EventBody['type']> = Extract<EventBody, { type: T }>

/** What happened in the engine, in the words of the wire. */
export function toEvent(event: ActivityEvent): EventBody {
  const named = { ...event, model: shown(event.model) }
  if (named.type === 'loaded') {
    const { type, model: name, loadMs, actual } = named
    return { type, model: name, load_ms: Math.round(loadMs), actual }
  }
  if (named.type === 'load-failed') {
    return { ...named, message: named.message.slice(0, MOST_MESSAGE_CHARACTERS) }
  }
  return named
}

/** The engine has names in full; people know models by shorter ones. */
function shown(fullName: string): string {
  const name = parseModelName(fullName)
  return name === undefined ? fullName : shortName(name)
}

export const toSnapshot = (loaded: readonly LoadedModel[], loading: readonly string[]): Body<'snapshot'> => ({
  type: 'snapshot',
  models: loaded.map((one) => ({
    model: one.model.shortName,
    size: one.sizeBytes,
    size_vram: one.sizeVramBytes,
    memory: one.memory,
    context_length: one.contextLength,
    expires_at: localTimestamp(one.expiresAtMs),
    ...toLoad(one),
  })),
  loading: [...loading],
})

export function toSpeed(one: LoadedModel): Body<'speed'> {
  const { tokens_per_second, busy_slots, waiting: inLine } = toLoad(one)
  return {
    type: 'speed',
    model: one.model.shortName,
    tokens_per_second,
    running: busy_slots,
    waiting: inLine,
  }
}

export const toMemory = (
  loaded: readonly LoadedModel[],
  available: Body<'memory'>['available'],
): Body<'memory'> => ({
  type: 'memory',
  available,
  models: Object.fromEntries(loaded.map((one) => [one.model.shortName, one.memory])),
})
