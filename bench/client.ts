import { type Agent, fetch, type Response } from 'undici'

/** How a request ended, as its client saw it. */
export type Outcome =
  | 'answered'
  /** Ollama's error for a runner that died, after a part of the answer. */
  | 'cut off'
  /** The same error for a request that was there when two runners died, alone at the second time. */
  | 'refused'
  /** The runner died while it loaded the model. */
  | 'load failed'
  | 'cancelled'

/** An ending that must not be. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export interface Ask {
  url: string
  agent: Agent
  model: string
  prompt: string
  tokens: number
  isStream: boolean
  /** Aborts the request as a client that leaves does. */
  signal?: AbortSignal
  /** Called at the first piece of the answer. */
  onFirst?: () => void
}

/** Longer than this nobody may have to wait, whatever dies. */
const BOUND_MS = 120_000

const DIED =
  'model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, ' +
  'check ollama server logs for details'

/** Sends one request to /api/generate and reads it to its end. Throws Violation for an ending that must not be. */
export async function ask(request: Ask): Promise<Outcome> {
  const { url, agent, model, prompt, tokens, isStream: stream } = request
  const tooLate = new AbortController()
  const timer = setTimeout(() => tooLate.abort(), BOUND_MS)
  const leave = () => tooLate.abort()
  request.signal?.addEventListener('abort', leave, { once: true })
  let pieces = 0
  try {
    const reply = await fetch(`${url}/api/generate`, {
      method: 'POST',
      body: JSON.stringify({ model, prompt, stream, raw: true, options: { num_predict: tokens } }),
      signal: tooLate.signal,
      dispatcher: agent,
    })
    let last = ''
    for await (const line of linesOf(reply)) {
      last = line
      if (++pieces === 1 && !line.startsWith('{"error"')) request.onFirst?.()
    }
    return judge(reply.status, last, stream && pieces > 1)
  } catch (error) {
    if (request.signal?.aborted === true) return 'cancelled'
    if (tooLate.signal.aborted) throw new Violation(`no end after ${BOUND_MS} ms`)
    throw error instanceof Violation ? error : new Violation(`the connection broke: ${error}`)
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', leave)
  }
}

async function* linesOf(reply: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function judge(status: number, last: string, wasGiven: boolean): Outcome {
  const { done, error } = JSON.parse(last) as { done?: boolean; error?: string }
  if (done === true && status === 200) return 'answered'
  if (error?.startsWith(DIED)) {
    if (error.includes('stopped two model runners')) return 'refused'
    // What is not streamed may have been given by the engine without anybody seeing it.
    if (wasGiven || status === 500) return 'cut off'
    throw new Violation('cut off before it began, and not run again')
  }
  if (error?.startsWith('llama runner process has terminated')) return 'load failed'
  throw new Violation(`status ${status}: ${last.slice(0, 200)}`)
}
