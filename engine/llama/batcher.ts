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
import type { StopReason } from '../types.ts'
import { dropUnfinished, reusePrefix, shiftContext } from './cells.ts'
import { DECODE } from './layout.ts'
import { logprobsOf } from './logprobs.ts'
import type { NativeModel } from './native-model.ts'
import { placementFor, type Slot, type Task } from './slots.ts'
import { fillBatch, type Share } from './step.ts'
import { checkPrompt, createTask } from './task.ts'

export interface Batcher {
  add(id: number, request: RunnerRequest): void
  cancel(id: number): void
  pause(id: number): void
  resume(id: number): void
  status(): RunnerStatus
}

/** Starts with every slot empty. `emit` gets what each step gave, in one call. */
export function createBatcher(model: NativeModel, emit: (events: StepEvent[]) => void): Batcher {
  const slots: Slot[] = Array.from({ length: model.sequences }, (_, sequence) => ({
    sequence,
    tokens: [],
    isShared: false,
    lastUse: 0,
    task: undefined,
  }))
  const waiting: { id: number; request: RunnerRequest }[] = []
  let uses = 0
  let outputTokens = 0
  let isRunning = false
  let isWoken = false
  let isDecoding = false
  let events: StepEvent[] = []

  async function wake(): Promise<void> {
    // Remembered, because messages come in bursts: one may arrive while the loop is about to end.
    isWoken = true
    if (isRunning) return
    isRunning = true
    try {
      while (isWoken) {
        isWoken = false
        while (await step()) tell()
      }
    } finally {
      isRunning = false
      tell()
    }
  }

  function tell(): void {
    if (events.length === 0) return
    const told = events
    events = []
    emit(told)
  }

  /** One turn of the loop. False when there is nothing to do until somebody calls `wake`. */
  async function step(): Promise<boolean> {
    for (const slot of slots) if (slot.task?.isCancelled === true) release(slot)
    // First room, then admission: an answer that ends for want of room leaves its slot to who waits.
    for (const slot of slots) makeRoom(slot)
    admit()
    const shares = fillBatch(model, slots)
    if (shares.length === 0) return false
    isDecoding = true
    const code = await model.decode()
    isDecoding = false
    for (const share of shares) {
      if (code === DECODE.ok) advance(share)
      else fail(share, code)
    }
    return true
  }

  /** Gives waiting requests to free slots, in order of arrival. */
  function admit(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const placement = placementFor(next.request.prompt, slots)
      if (placement === undefined) return
      waiting.shift()
      try {
        const { slot, source, prefix } = placement
        checkPrompt(model, next.request.prompt)
        slot.task = createTask(model, next.id, next.request, reusePrefix(model, slot, source, prefix))
        slot.lastUse = ++uses
      } catch (error) {
        events.push({ id: next.id, type: 'failed', failure: failureOf(error) })
      }
    }
  }

  /** A full slot forgets its oldest tokens, or ends its answer when that is not wanted. */
  function makeRoom(slot: Slot): void {
    const { task } = slot
    if (task?.promptDoneAt === undefined || slot.tokens.length < model.contextLength) return
    if (task.request.shift && model.canShift) shiftContext(model, slot, task)
    else finish(slot, task, 'length')
  }

  /** The step succeeded: its tokens are in memory, and a complete prompt or answer gets its next token. */
  function advance({ slot, task, count, row }: Share): void {
    for (let i = 0; i < count; i++) slot.tokens.push(task.pending[task.fed + i] ?? 0)
    task.fed += count
    if (row === undefined || task.isCancelled) return
    if (task.promptDoneAt === undefined) {
      task.promptDoneAt = performance.now()
      const promptMs = task.promptDoneAt - task.startedAt
      const promptTokens = task.request.prompt.length
      events.push({ id: task.id, type: 'prompt', promptTokens, cachedTokens: task.cachedTokens, promptMs })
    }
    if (isSpent(task)) finish(slot, task, 'length')
    else takeToken(slot, task, row)
  }

  function takeToken(slot: Slot, task: Task, row: number): void {
    const token = sampleOrFail(slot, task, row)
    if (token === undefined) return
    task.outputTokens += 1
    outputTokens += 1
    if (model.library.isEndOfGeneration(model.vocabulary, token)) {
      finish(slot, task, 'stop')
      return
    }
    task.unreported += 1
    task.tokenIds.push(token)
    const { topLogprobs } = task.request
    if (topLogprobs !== undefined) task.logprobs.push(logprobsOf(model, row, token, topLogprobs))
    const { text, stopped } = task.text.push(task.shown.get(token) ?? model.tokenBytes(token))
    if (text !== '') report(task, text)
    if (stopped) end(slot, task, 'stop')
    else if (isSpent(task)) finish(slot, task, 'length')
    task.pending = [token]
    task.fed = 0
  }

  /** A grammar that takes too long ends its own answer, not everybody's. */
  function sampleOrFail(slot: Slot, task: Task, row: number): number | undefined {
    try {
      return task.sampler.sample(row)
    } catch (error) {
      events.push({ id: task.id, type: 'failed', failure: failureOf(error) })
      release(slot)
      return undefined
    }
  }

  function report(task: Task, text: string): void {
    const { id, unreported: tokens, logprobs } = task
    events.push({ id, type: 'text', text, tokens, ...(logprobs.length > 0 ? { logprobs } : {}) })
    task.unreported = 0
    task.logprobs = []
  }

  /** An end without a stop string: what was held back belongs to the answer. */
  function finish(slot: Slot, task: Task, reason: StopReason): void {
    const rest = task.text.flush()
    if (rest !== '' || task.logprobs.length > 0) report(task, rest)
    end(slot, task, reason)
  }

  function end(slot: Slot, task: Task, reason: StopReason): void {
    const { id, outputTokens, tokenIds } = task
    const outputMs = performance.now() - (task.promptDoneAt ?? task.startedAt)
    const ids = task.request.returnTokens === true ? { tokenIds } : {}
    events.push({ id, type: 'end', reason, outputTokens, outputMs, ...ids })
    release(slot)
  }

  /** The slot is free; its cells stay for a later prompt with the same beginning. */
  function release(slot: Slot): void {
    slot.task?.sampler.close()
    slot.task = undefined
    slot.lastUse = ++uses
  }

  function fail({ slot, task }: Share, code: number): void {
    dropUnfinished(model, slot)
    if (code === DECODE.aborted) return
    const message = code === DECODE.noSlot ? 'the KV cache is full' : `llama_decode failed with code ${code}`
    events.push({ id: task.id, type: 'failed', failure: { code: 'runner_died', message } })
    release(slot)
  }

  const find = (id: number) => slots.find((slot) => slot.task?.id === id)?.task

  return {
    add(id, request) {
      waiting.push({ id, request })
      void wake()
    },
    cancel(id) {
      const at = waiting.findIndex((entry) => entry.id === id)
      if (at >= 0) waiting.splice(at, 1)
      const task = find(id)
      if (task === undefined) return
      task.isCancelled = true
      // Only when nobody else is in the step may it be thrown away.
      if (isDecoding && slots.every((slot) => slot.task?.isCancelled ?? true)) model.abortDecode()
      void wake()
    },
    pause(id) {
      const task = find(id)
      if (task !== undefined) task.isPaused = true
    },
    resume(id) {
      const task = find(id)
      if (task !== undefined) task.isPaused = false
      void wake()
    },
    status: () => ({
      busySlots: slots.filter((slot) => slot.task !== undefined).length,
      waiting: waiting.length,
      outputTokens,
    }),
  }
}

const isSpent = ({ request, outputTokens }: Task): boolean =>
  request.maxTokens >= 0 && outputTokens >= request.maxTokens
