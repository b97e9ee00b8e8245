import type { LoadPlan, Runner, RunnerEvent, RunnerInfo, RunnerRequest, RunnerStatus } from '../backend.ts'
import { EngineError, RunnerDiedError } from '../errors.ts'
import { isFromChild, isStatus, isTokens } from './check-child.ts'
import { createEventQueue, type EventQueue } from './event-queue.ts'
import { createHeartbeat, HEARTBEAT, type HeartbeatTimes } from './heartbeat.ts'
import { type Failure, SAVE_MS, type StepEvent, type ToChild, type ToParent } from './protocol.ts'
import { GRACE_MS, startProcess } from './runner-process.ts'
import { type Check, isText } from './shape.ts'
import { vectorsOf } from './vectors.ts'

/** How long a load may take to stop before its process is killed. */
const STOP_LOADING_MS = 2_000

export interface RunnerOptions {
  plan: LoadPlan
  libraryDir: string | undefined
  /** The child's whole environment. */
  environment: Record<string, string>
  signal: AbortSignal
  onProgress: (fraction: number) => void
  log: (message: string) => void
  /** When a silent child counts as hung. */
  heartbeat?: HeartbeatTimes
}

type AnswerMessage = Extract<ToParent, { type: 'answer' }>
type Answer = AnswerMessage['value']

interface Call {
  /** Whether the value is of the kind that was asked for. */
  isAnswer: Check
  resolve: (value: Answer) => void
  reject: (error: Error) => void
}

const errorOf = ({ code, message }: Failure) => new EngineError(code, message)

/**
 * Starts a child process, loads the model in it, and resolves to the runner. Throws EngineError
 * `load_failed` or, after an abort, `cancelled`; the child is gone then.
 */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  options.signal.throwIfAborted()
  const queues = new Map<number, EventQueue<StepEvent>>()
  const calls = new Map<number, Call>()
  let lastId = 0
  let isClosing = false
  let death: RunnerDiedError | undefined
  let settleLoad: ((result: RunnerInfo | Error) => void) | undefined

  const child = startProcess(
    options.environment,
    (message) => {
      if (death !== undefined) return
      heartbeat.heard()
      if (isFromChild(message)) receive(message)
      else giveUp('has sent a malformed message')
    },
    options.log,
  )
  const { send } = child
  const heartbeat = createHeartbeat(options.heartbeat ?? HEARTBEAT, {
    ping: () => send({ type: 'ping' }),
    isAwaited: () => queues.size + calls.size > 0,
    onHung: giveUp,
  })
  const isAlive = () => death === undefined && child.isThere()

  /** Fails everybody who waits. The first reason is the one that stays. */
  function die(detail: string): RunnerDiedError {
    death ??= new RunnerDiedError(detail)
    for (const queue of queues.values()) queue.fail(death)
    for (const call of calls.values()) call.reject(death)
    calls.clear()
    return death
  }

  /** A child that hangs or talks nonsense. Nobody waits for its end, but its memory is not free before it. */
  function giveUp(reason: string): void {
    options.log(`the runner ${reason}: it is ended`)
    die(`the runner ${reason}`)
    void child.end(0)
  }

  const gone = child.exited.then((how) => {
    heartbeat.stop()
    const wasAskedFor = isClosing && death === undefined
    const error = die(child.lastWords())
    const detail = [how, child.lastWords()].filter((text) => text !== '').join(': ')
    settleLoad?.(new EngineError('load_failed', `llama runner process has terminated: ${detail}`))
    return wasAskedFor ? undefined : error
  })

  function receive(message: ToParent): void {
    switch (message.type) {
      case 'progress':
        options.onProgress(message.fraction)
        return
      case 'loaded':
        settleLoad?.(message.info)
        return
      case 'load-failed':
        settleLoad?.(errorOf(message.failure))
        return
      case 'step':
        for (const event of message.events) queues.get(event.id)?.push(event)
        return
      case 'answer':
        answer(message)
        return
      case 'call-failed':
        calls.get(message.id)?.reject(errorOf(message.failure))
        calls.delete(message.id)
        return
      case 'pong':
        heartbeat.answered(message.step)
        return
      case 'log':
        options.log(message.message)
        return
      default:
        message satisfies never
    }
  }

  function answer({ id, value }: AnswerMessage): void {
    const call = calls.get(id)
    if (call?.isAnswer(value) === false) {
      giveUp('has sent a malformed answer')
      return
    }
    call?.resolve(value)
    calls.delete(id)
  }

  function ask(message: (id: number) => ToChild, isAnswer: Check, signal?: AbortSignal): Promise<Answer> {
    const id = ++lastId
    const cancel = () => {
      send({ type: 'cancel', id })
      calls.get(id)?.reject(signal?.reason)
      calls.delete(id)
    }
    return new Promise<Answer>((resolve, reject) => {
      signal?.throwIfAborted()
      if (!isAlive()) throw death ?? new RunnerDiedError()
      signal?.addEventListener('abort', cancel, { once: true })
      calls.set(id, { isAnswer, resolve, reject })
      heartbeat.watch()
      send(message(id))
    }).finally(() => signal?.removeEventListener('abort', cancel))
  }

  async function embed(inputs: readonly (readonly number[])[], signal: AbortSignal): Promise<Float32Array[]> {
    const text = (await ask((id) => ({ type: 'embed', id, inputs }), isText, signal)) as string
    return vectorsOf(text, inputs.length)
  }

  async function* generate(request: RunnerRequest, signal: AbortSignal): AsyncGenerator<RunnerEvent> {
    // An aborted signal tells its listeners nothing any more.
    signal.throwIfAborted()
    if (!isAlive()) throw death ?? new RunnerDiedError()
    const id = ++lastId
    const queue = createEventQueue<StepEvent>(
      () => send({ type: 'pause', id }),
      () => send({ type: 'resume', id }),
    )
    queues.set(id, queue)
    let hasEnded = false
    // Not left to the loop below: a reader that is stuck does not ask for the next event.
    const cancel = () => send({ type: 'cancel', id })
    signal.addEventListener('abort', cancel, { once: true })
    try {
      heartbeat.watch()
      send({ type: 'generate', id, request })
      while (!hasEnded) {
        const { id: _, ...event } = await queue.next(signal)
        hasEnded = event.type === 'end' || event.type === 'failed'
        if (event.type === 'failed') throw errorOf(event.failure)
        yield event
      }
    } finally {
      queues.delete(id)
      signal.removeEventListener('abort', cancel)
      if (!hasEnded && !signal.aborted) cancel()
    }
  }

  function close(): Promise<void> {
    isClosing = true
    const savesMs = options.plan.cache?.dir === undefined ? 0 : SAVE_MS
    return child.end(GRACE_MS + savesMs)
  }

  const loaded = new Promise<RunnerInfo | Error>((resolve) => {
    settleLoad = resolve
  })
  let impatience: NodeJS.Timeout | undefined
  const stopLoading = () => {
    send({ type: 'abort-load' })
    // A load that hangs in native code hears nothing.
    impatience = setTimeout(child.kill, STOP_LOADING_MS)
  }
  options.signal.addEventListener('abort', stopLoading, { once: true })
  send({
    type: 'load',
    plan: options.plan,
    ...(options.libraryDir === undefined ? {} : { libraryDir: options.libraryDir }),
  })
  const info = await loaded
  options.signal.removeEventListener('abort', stopLoading)
  clearTimeout(impatience)
  if (info instanceof Error || options.signal.aborted) {
    await close()
    throw info instanceof Error ? info : new EngineError('cancelled', 'request canceled')
  }
  return {
    info,
    gone,
    generate,
    close,
    tokenize: async (text, { special, bos }) =>
      (await ask((id) => ({ type: 'tokenize', id, text, special, bos }), isTokens)) as number[],
    detokenize: async (tokens) => (await ask((id) => ({ type: 'detokenize', id, tokens }), isText)) as string,
    ...(info.embedding?.pooling === 'rank'
      ? { rerank: async (inputs, signal) => (await embed(inputs, signal)).map((scores) => scores[0] ?? 0) }
      : info.embedding === undefined
        ? {}
        : { embed }),
    status: async () => (await ask((id) => ({ type: 'status', id }), isStatus)) as RunnerStatus,
  }
}
