import type { StepEvent } from '../runner/protocol.ts'

/** What has come out and is not told yet. */
export interface Outbox {
  push(event: StepEvent): void
  /** Tells it all in one call. That costs as long as a small model computes. */
  tell(): void
}

export function createOutbox(emit: (events: StepEvent[]) => void): Outbox {
  let events: StepEvent[] = []
  return {
    push: (event) => void events.push(event),
    tell() {
      if (events.length === 0) return
      const told = events
      events = []
      emit(told)
    },
  }
}
