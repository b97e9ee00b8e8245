import type { LoadPlan, Runner, RunnerEvent, RunnerInfo, RunnerRequest, RunnerStatus } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { createEventQueue, type EventQueue } from './event-queue.ts'
import { forkChild } from './fork.ts'
import { type Failure, isMessage, type StepEvent, type ToChild, type ToParent } from './protocol.ts'

/** How long a child may take to leave before it is killed. */
const SHUTDOWN_MS = 2_000

/** Ollama's words for an engine process that ended by itself (llm/server.go). */
export const RUNNER_DIED =
  'model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, ' +
  'check ollama server logs for details'

export interface RunnerOptions {
  plan: LoadPlan
  libraryDir: string | undefined
  /** The child's whole environment. */
  environment: Record<string, string>
  signal: AbortSignal
  onProgress: (fraction: number) => void
  log: (message: string) => void
}

interface Call {
  resolve: (value: number[] | string | RunnerStatus) => void
  reject: (error: Error) => void
}

/** The vectors that a child sent as base64 of one long array. */
function vectorsOf(base64: string, count: number): Float32Array[] {
  // Copied: a buffer from the pool may begin where no float can.
  const all = new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)
  const length = all.length / count
  return Array.from({ length: count }, (_, i) => all.subarray(i * length, (i + 1) * length))
}

const errorOf = ({ code, message }: Failure) => new EngineError(code, message)

/**
 * Starts a child process, loads the model in it, and resolves to the runner. Throws EngineError
 * `load_failed` or, after an abort, `cancelled`; the child is gone then.
 */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  options.signal.throwIfAborted()
  const child = forkChild('child', options.environment)
  const queues = new Map<number, EventQueue<StepEvent>>()
  const calls = new Map<number, Call>()
  let lastId = 0
  let lastWords = ''
  let isClosing = false
  let hasExited = false
  let settleLoad: ((result: RunnerInfo | Error) => void) | undefined

  const send = (message: ToChild) => {
    // The channel closes when the child dies; `gone` tells everybody who waits.
    if (child.connected) child.send(message, () => {})
  }
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit status ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
  // The channel may still look open for a moment after the process has gone.
  const isAlive = () => child.connected && !hasExited
  const gone = exited.then((how) => {
    hasExited = true
    const error = new EngineError(
      'runner_died',
      lastWords === '' ? RUNNER_DIED : `${RUNNER_DIED}: ${lastWords}`,
    )
    for (const queue of queues.values()) queue.fail(error)
    for (const call of calls.values()) call.reject(error)
    const detail = [how, lastWords].filter((text) => text !== '').join(': ')
    settleLoad?.(new EngineError('load_failed', `llama runner process has terminated: ${detail}`))
    return isClosing ? undefined : error
  })

  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = text.trim().split('\n').at(-1)?.slice(0, 500) ?? ''
    options.log(text.trim())
  })
  child.on('message', (message) => {
    if (isMessage(message)) receive(message as ToParent)
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
        calls.get(message.id)?.resolve(message.value)
        calls.delete(message.id)
        return
      case 'call-failed':
        calls.get(message.id)?.reject(errorOf(message.failure))
        calls.delete(message.id)
        return
      case 'log':
        options.log(message.message)
        return
      default:
        message satisfies never
    }
  }

  function ask(
    message: (id: number) => ToChild,
    signal?: AbortSignal,
  ): Promise<number[] | string | RunnerStatus> {
    const id = ++lastId
    const cancel = () => {
      send({ type: 'cancel', id })
      calls.get(id)?.reject(signal?.reason)
      calls.delete(id)
    }
    return new Promise<number[] | string | RunnerStatus>((resolve, reject) => {
      signal?.throwIfAborted()
      if (!isAlive()) throw new EngineError('runner_died', RUNNER_DIED)
      signal?.addEventListener('abort', cancel, { once: true })
      calls.set(id, { resolve, reject })
      send(message(id))
    }).finally(() => signal?.removeEventListener('abort', cancel))
  }

  async function embed(inputs: readonly (readonly number[])[], signal: AbortSignal): Promise<Float32Array[]> {
    const text = (await ask((id) => ({ type: 'embed', id, inputs }), signal)) as string
    return vectorsOf(text, inputs.length)
  }

  async function* generate(request: RunnerRequest, signal: AbortSignal): AsyncGenerator<RunnerEvent> {
    // An aborted signal tells its listeners nothing any more.
    signal.throwIfAborted()
    if (!isAlive()) throw new EngineError('runner_died', RUNNER_DIED)
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

  async function close(): Promise<void> {
    isClosing = true
    send({ type: 'shutdown' })
    const timer = setTimeout(() => child.kill('SIGKILL'), SHUTDOWN_MS)
    await exited
    clearTimeout(timer)
  }

  const loaded = new Promise<RunnerInfo | Error>((resolve) => {
    settleLoad = resolve
  })
  let impatience: NodeJS.Timeout | undefined
  const stopLoading = () => {
    send({ type: 'abort-load' })
    // A load that hangs in native code hears nothing.
    impatience = setTimeout(() => child.kill('SIGKILL'), SHUTDOWN_MS)
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
      (await ask((id) => ({ type: 'tokenize', id, text, special, bos }))) as number[],
    detokenize: async (tokens) => (await ask((id) => ({ type: 'detokenize', id, tokens }))) as string,
    ...(info.embedding?.pooling === 'rank'
      ? { rerank: async (inputs, signal) => (await embed(inputs, signal)).map((scores) => scores[0] ?? 0) }
      : info.embedding === undefined
        ? {}
        : { embed }),
    status: async () => (await ask((id) => ({ type: 'status', id }))) as RunnerStatus,
  }
}
