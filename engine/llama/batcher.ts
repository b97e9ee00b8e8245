/**
 * Continuous batching: one decode step at a time evaluates the next token of every running answer and, in the
 * room that is left, pieces of the prompts that wait. Between two decodes requests are admitted to slots, tokens
 * sampled, and what came out is told.
 *
 * A slot's `tokens` always equal the cells llama.cpp holds for its sequence; tokens are added only after the
 * decode that evaluated them succeeded.
 */
import type { RunnerRequest, RunnerStatus } from '../backend.ts'
import { failureOf, type StepEvent } from '../runner/protocol.ts'
import { hasRoomFor, promptOf, type Waiting, winBackCells } from './admission.ts'
import { createAnswering } from './answering.ts'
import { dropUnfinished, shiftContext, shiftKeeps } from './cells.ts'
import { DECODE } from './layout.ts'
import type { NativeModel } from './native-model.ts'
import { createOutbox } from './outbox.ts'
import type { PrefixCache } from './prefix/prefix-cache.ts'
import { mustScore } from './prompt-scores.ts'
import { emptySlot, type Placement, placementOfNothing, type Slot } from './slots.ts'
import { fillBatch, type Share } from './step.ts'
import { createStepResult } from './step-result.ts'
import { checkPrompt, contextOf, createTask } from './task.ts'
import { createWaitingLine } from './waiting-line.ts'

export interface Batcher {
  add(id: number, request: RunnerRequest): void
  cancel(id: number): void
  pause(id: number): void
  resume(id: number): void
  status(): RunnerStatus
  /** The number of the decode step that is being computed, counted from 1; undefined between two. */
  runningStep(): number | undefined
  /** Ends all requests without a word and writes to disk what is worth it. Nothing may be added any more. */
  close(): Promise<void>
}

/** Starts with every slot empty. `emit` gets what each step gave, in one call. */
export function createBatcher(
  model: NativeModel,
  cache: PrefixCache,
  emit: (events: StepEvent[]) => void,
): Batcher {
  const slots = Array.from({ length: model.sequences }, (_, sequence) => emptySlot(sequence))
  const waiting = createWaitingLine(wake)
  const { push, tell } = createOutbox(emit)
  const answering = createAnswering(model, push, release)
  const advance = createStepResult(model, cache, answering, push)
  let uses = 0
  let steps = 0
  let isRunning = false
  let isWoken = false
  let isDecoding = false
  let isSaveDue = false
  let running: Promise<void> = Promise.resolve()

  function wake(): void {
    // Remembered, because messages come in bursts: one may arrive while the loop is about to end.
    isWoken = true
    if (!isRunning) running = run()
  }

  async function run(): Promise<void> {
    isRunning = true
    try {
      while (isWoken) {
        isWoken = false
        let isBusy = true
        while (isBusy) isBusy = await step()
      }
    } finally {
      isRunning = false
      tell()
    }
  }

  /** One turn of the loop. False when there is nothing to do until somebody calls `wake`. */
  async function step(): Promise<boolean> {
    for (const slot of slots) if (slot.task?.isCancelled === true) release(slot)
    await prepare()
    const shares = fillBatch(model, slots)
    if (shares.length === 0) return false
    await evaluate(shares)
    return true
  }

  /** What comes before a step may take long: nobody waits for words that are there. */
  async function prepare(): Promise<void> {
    const full = slots.filter(isFull)
    if (isSaveDue || full.length > 0 || waiting.next() !== undefined) tell()
    // First room, then admission: an answer that ends for want of room leaves its slot to who waits.
    for (const slot of full) await makeRoom(slot)
    await admit()
    if (isSaveDue) await saveIdle()
  }

  async function evaluate(shares: readonly Share[]): Promise<void> {
    isDecoding = true
    steps += 1
    const startedAt = performance.now()
    // Telling takes time, so it is done when the step has begun, on other threads.
    setImmediate(tell)
    const code = await model.decode()
    isDecoding = false
    if (code === DECODE.noSlot && winBack()) return
    if (code === DECODE.ok) cache.measure(model.batch.size(), performance.now() - startedAt)
    for (const share of shares) {
      if (code === DECODE.ok) await advance(share)
      else await fail(share, code)
    }
  }

  /** Gives waiting requests to free slots, in order of arrival, but for those that are not ready yet. */
  async function admit(): Promise<void> {
    for (let next = waiting.next(); next !== undefined; next = waiting.next()) {
      const placement = mustScore(next) ? placementOfNothing(slots) : cache.place(promptOf(next), slots)
      if (placement === undefined || !hasRoomFor(model, slots, next, placement)) return
      waiting.take(next)
      await start(next, placement)
    }
  }

  async function start(next: Waiting, placement: Placement): Promise<void> {
    const { slot, common } = placement
    const prompt = promptOf(next)
    try {
      checkPrompt(model, next.request)
      const task = next.task ?? createTask(model, next.id, next.request)
      // From here on it can be cancelled and paused.
      slot.task = task
      slot.lastUse = ++uses
      const cached = await cache.prepare(placement)
      if (next.task === undefined) task.cachedTokens = cached
      task.pending = prompt.slice(cached)
      task.marks = cache.marksFor(prompt, cached, common)
    } catch (error) {
      push({ id: next.id, type: 'failed', failure: failureOf(error) })
      if (slot.task !== undefined) release(slot)
    }
  }

  async function saveIdle(): Promise<void> {
    isSaveDue = false
    await cache.saveIdle(slots)
  }

  const isFull = ({ task, tokens }: Slot): boolean =>
    task?.promptDoneAt !== undefined && tokens.length >= contextOf(model, task.request)

  /** A full slot forgets its oldest tokens, or ends its answer when that is not wanted. */
  async function makeRoom(slot: Slot): Promise<void> {
    const { task } = slot
    if (task === undefined) return
    if (!task.request.shift || !model.canShift) {
      answering.finish(slot, task, 'length')
      return
    }
    await cache.keep(slot, shiftKeeps(model, task))
    shiftContext(model, slot, task)
  }

  /** The slot is free; its cells stay for a later prompt with the same beginning. */
  function release(slot: Slot): void {
    slot.task?.sampler.close()
    slot.task = undefined
    slot.lastUse = ++uses
    slot.idleSince = performance.now()
    if (cache.saveIdleAfterMs === undefined) return
    const save = () => {
      isSaveDue = true
      wake()
    }
    setTimeout(save, cache.saveIdleAfterMs).unref()
  }

  async function fail({ slot, task }: Share, code: number): Promise<void> {
    await dropUnfinished(model, slot)
    if (code === DECODE.aborted) return
    const message = code === DECODE.noSlot ? 'the KV cache is full' : `llama_decode failed with code ${code}`
    push({ id: task.id, type: 'failed', failure: { code: 'runner_died', message } })
    release(slot)
  }

  /** The pool is full: the step is tried again with cells won back. False when there are none to win. */
  function winBack(): boolean {
    const won = winBackCells(model, slots)
    // In front of the queue: whoever was put back before is younger.
    if (typeof won === 'object') waiting.putBack(won)
    return won !== 'failed'
  }

  const taskOf = (id: number) => slots.find(({ task }) => task?.id === id)?.task ?? waiting.taskOf(id)

  return {
    add(id, request) {
      const preparations = [
        model.dry.prepare(request.sampling),
        request.promptLogprobs === undefined ? cache.fetch(request.prompt, slots) : undefined,
      ]
      waiting.add(
        id,
        request,
        preparations.filter((preparation) => preparation !== undefined),
      )
      wake()
    },
    cancel(id) {
      waiting.cancel(id)
      const task = taskOf(id)
      if (task === undefined) return
      task.isCancelled = true
      // Only when nobody else is in the step may it be thrown away.
      if (isDecoding && slots.every((slot) => slot.task?.isCancelled ?? true)) model.abortDecode()
      wake()
    },
    pause(id) {
      const task = taskOf(id)
      if (task !== undefined) task.isPaused = true
    },
    resume(id) {
      const task = taskOf(id)
      if (task !== undefined) task.isPaused = false
      wake()
    },
    status: () => ({
      busySlots: slots.filter((slot) => slot.task !== undefined).length,
      waiting: waiting.size(),
      ...answering.counts(),
      steps: isDecoding ? steps - 1 : steps,
      pausedSlots: slots.filter((slot) => slot.task?.isPaused === true).length,
    }),
    runningStep: () => (isDecoding ? steps : undefined),
    async close() {
      waiting.clear()
      if (cache.saveIdleAfterMs === undefined) return
      for (const { task } of slots) if (task !== undefined) task.isCancelled = true
      if (isDecoding) model.abortDecode()
      wake()
      await running
      await cache.flush(slots)
    },
  }
}
