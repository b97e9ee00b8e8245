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
import { dropUnfinished, shiftContext, shiftKeeps } from './cells.ts'
import { DECODE } from './layout.ts'
import { logprobsOf } from './logprobs.ts'
import type { NativeModel } from './native-model.ts'
import type { PrefixCache } from './prefix/prefix-cache.ts'
import { emptySlot, type Placement, type Slot, type Task } from './slots.ts'
import { fillBatch, type Share } from './step.ts'
import { checkPrompt, createTask } from './task.ts'

export interface Batcher {
  add(id: number, request: RunnerRequest): void
  cancel(id: number): void
  pause(id: number): void
  resume(id: number): void
  status(): RunnerStatus
  /** Ends all requests without a word and writes to disk what is worth it. Nothing may be added any more. */
  close(): Promise<void>
}

interface Waiting {
  id: number
  request: RunnerRequest
  /** What its prompt could start from is being read from disk. */
  isFetching: boolean
}

/** Starts with every slot empty. `emit` gets what each step gave, in one call. */
export function createBatcher(
  model: NativeModel,
  cache: PrefixCache,
  emit: (events: StepEvent[]) => void,
): Batcher {
  const slots = Array.from({ length: model.sequences }, (_, sequence) => emptySlot(sequence))
  const waiting: Waiting[] = []
  let uses = 0
  let outputTokens = 0
  let isRunning = false
  let isWoken = false
  let isDecoding = false
  let isSaveDue = false
  let running: Promise<void> = Promise.resolve()
  let events: StepEvent[] = []

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
    for (const slot of slots) await makeRoom(slot)
    await admit()
    if (isSaveDue) await saveIdle()
    const shares = fillBatch(model, slots)
    if (shares.length === 0) return false
    await evaluate(shares)
    return true
  }

  async function evaluate(shares: readonly Share[]): Promise<void> {
    isDecoding = true
    const startedAt = performance.now()
    const code = await model.decode()
    isDecoding = false
    if (code === DECODE.ok) cache.measure(model.batch.size(), performance.now() - startedAt)
    for (const share of shares) {
      if (code === DECODE.ok) await advance(share)
      else await fail(share, code)
    }
  }

  /** Gives waiting requests to free slots, in order of arrival, but for those whose prompt is being fetched. */
  async function admit(): Promise<void> {
    for (;;) {
      const next = waiting.find(({ isFetching }) => !isFetching)
      const placement = next && cache.place(next.request.prompt, slots)
      if (next === undefined || placement === undefined) return
      waiting.splice(waiting.indexOf(next), 1)
      await start(next, placement)
    }
  }

  async function start({ id, request }: Waiting, placement: Placement): Promise<void> {
    const { slot, common } = placement
    try {
      checkPrompt(model, request.prompt)
      const task = createTask(model, id, request)
      // From here on it can be cancelled and paused.
      slot.task = task
      slot.lastUse = ++uses
      const cached = await cache.prepare(placement)
      task.cachedTokens = cached
      task.pending = request.prompt.slice(cached)
      task.marks = cache.marksFor(request.prompt, cached, common)
    } catch (error) {
      events.push({ id, type: 'failed', failure: failureOf(error) })
      if (slot.task !== undefined) release(slot)
    }
  }

  async function saveIdle(): Promise<void> {
    isSaveDue = false
    await cache.saveIdle(slots)
  }

  /** A full slot forgets its oldest tokens, or ends its answer when that is not wanted. */
  async function makeRoom(slot: Slot): Promise<void> {
    const { task } = slot
    if (task?.promptDoneAt === undefined || slot.tokens.length < model.contextLength) return
    if (!task.request.shift || !model.canShift) {
      finish(slot, task, 'length')
      return
    }
    await cache.keep(slot, shiftKeeps(model, task))
    shiftContext(model, slot, task)
  }

  /** The step succeeded: its tokens are in memory, and a complete prompt or answer gets its next token. */
  async function advance({ slot, task, count, row }: Share): Promise<void> {
    for (let i = 0; i < count; i++) slot.tokens.push(task.pending[task.fed + i] ?? 0)
    task.fed += count
    if (slot.tokens.length === task.marks[0]) {
      task.marks = task.marks.slice(1)
      await cache.checkpoint(slot)
    }
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
    const token = task.sampler.sample(row)
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
    events.push({ id: task.id, type: 'failed', failure: { code: 'runner_died', message } })
    release(slot)
  }

  const find = (id: number) => slots.find((slot) => slot.task?.id === id)?.task

  return {
    add(id, request) {
      const fetched = cache.fetch(request.prompt, slots)
      const entry = { id, request, isFetching: fetched !== undefined }
      waiting.push(entry)
      void fetched?.then(() => {
        entry.isFetching = false
        wake()
      })
      wake()
    },
    cancel(id) {
      const at = waiting.findIndex((entry) => entry.id === id)
      if (at >= 0) waiting.splice(at, 1)
      const task = find(id)
      if (task === undefined) return
      task.isCancelled = true
      // Only when nobody else is in the step may it be thrown away.
      if (isDecoding && slots.every((slot) => slot.task?.isCancelled ?? true)) model.abortDecode()
      wake()
    },
    pause(id) {
      const task = find(id)
      if (task !== undefined) task.isPaused = true
    },
    resume(id) {
      const task = find(id)
      if (task !== undefined) task.isPaused = false
      wake()
    },
    status: () => ({
      busySlots: slots.filter((slot) => slot.task !== undefined).length,
      waiting: waiting.length,
      outputTokens,
    }),
    async close() {
      waiting.length = 0
      if (cache.saveIdleAfterMs === undefined) return
      for (const { task } of slots) if (task !== undefined) task.isCancelled = true
      if (isDecoding) model.abortDecode()
      wake()
      await running
      await cache.flush(slots)
    },
  }
}

const isSpent = ({ request, outputTokens }: Task): boolean =>
  request.maxTokens >= 0 && outputTokens >= request.maxTokens
