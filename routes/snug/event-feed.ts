import type { Activity } from '../../engine/activity.ts'
import { RAM } from '../../engine/planning/types.ts'
import type { Engine, LoadedModel } from '../../engine/types.ts'
import { type EventBody, toEvent, toMemory, toSnapshot, toSpeed } from './event-schema.ts'

/** An event as it goes out, written once for all clients. */
export interface FeedMessage {
  seq: number
  /**
   * What the event is the newest state of: it replaces an older one with the same key that was not sent yet. Absent
   * on events that stand for themselves.
   */
  state?: string
  json: string
}

export interface EventFeed {
  /** Gives `listener` a snapshot at once and then every event; the answer ends that. It must not throw or wait. */
  subscribe(listener: (message: FeedMessage) => void): () => void
  /** How many listen now. */
  listeners(): number
}

export interface FeedParts {
  engine: Pick<Engine, 'loaded' | 'loading'>
  activity: Activity
  /** Main memory that could be taken now, in bytes. */
  availableBytes: () => number
  /** How often a model's speed is told. */
  speedEveryMs?: number
}

const SPEED_EVERY_MS = 1_000
/** Of turns of the speed. */
const MEMORY_EVERY = 5

/** Listens to the engine, and looks at speeds and memory, only while somebody listens to it. */
export function createEventFeed({
  engine,
  activity,
  availableBytes,
  speedEveryMs = SPEED_EVERY_MS,
}: FeedParts): EventFeed {
  const listeners = new Set<(message: FeedMessage) => void>()
  let seq = 0
  let stop: (() => void) | undefined

  function tell(body: EventBody): void {
    seq += 1
    const message = toMessage(seq, body)
    for (const listener of listeners) listener(message)
  }

  function watch(): () => void {
    const leave = activity.watch((event) => tell(toEvent(event)))
    const moving = new Set<string>()
    let turn = 0
    const timer = setInterval(() => {
      turn += 1
      const loaded = engine.loaded()
      for (const one of loaded) if (hasNewSpeed(one, moving)) tell(toSpeed(one))
      if (turn % MEMORY_EVERY === 0) tell(toMemory(loaded, { [RAM]: availableBytes() }))
    }, speedEveryMs).unref()
    return () => {
      clearInterval(timer)
      leave()
    }
  }

  return {
    subscribe(listener) {
      // A function of its own, so that one listener may subscribe twice.
      const own = (message: FeedMessage) => listener(message)
      const loading = engine.loading().map((model) => model.shortName)
      // It has the number of the last event it takes account of: the next one follows without a gap.
      own(toMessage(seq, toSnapshot(engine.loaded(), loading)))
      listeners.add(own)
      stop ??= watch()
      return () => {
        listeners.delete(own)
        if (listeners.size > 0) return
        stop?.()
        stop = undefined
      }
    },
    listeners: () => listeners.size,
  }
}

/** A model that works has, and one that has come to rest has once more. `moving`: the names of those that worked. */
function hasNewSpeed(
  { model, busySlots, waiting, tokensPerSecond }: LoadedModel,
  moving: Set<string>,
): boolean {
  if (busySlots + waiting === 0 && tokensPerSecond === 0) return moving.delete(model.shortName)
  moving.add(model.shortName)
  return true
}

function toMessage(seq: number, body: EventBody): FeedMessage {
  const json = JSON.stringify({ seq, at: new Date().toISOString(), ...body })
  const state = stateOf(body)
  return { seq, json, ...(state === undefined ? {} : { state }) }
}

function stateOf(body: EventBody): string | undefined {
  switch (body.type) {
    case 'load-progress':
    case 'queue':
    case 'speed':
      return `${body.type} ${body.model}`
    case 'memory':
      return body.type
    default:
      return undefined
  }
}
