import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import type { Ask, Contestant, Stream } from './contestant.ts'

/** How a server wants to be asked, and how it writes its answer. */
export interface HttpDialect {
  url: string
  body: (ask: Ask) => object
  /** The line that ends an answer. */
  isLast: (line: string) => boolean
  /** The number of tokens that the last line claims. */
  outputTokens: (last: string) => number
}

/** A contestant's `run` and `abort` over HTTP. Every request has a connection of its own, as curl would make it. */
export function overHttp(dialect: HttpDialect): Pick<Contestant, 'run' | 'abort'> {
  return {
    run: (asks) => Promise.all(asks.map((ask) => stream(dialect, ask))),
    async abort(abandoned, afterMs, next) {
      const client = new AbortController()
      let hasEnded = false
      const left = stream(dialect, abandoned, client.signal).then(
        () => {
          hasEnded = true
        },
        (error: unknown) => {
          if (!client.signal.aborted) throw error
        },
      )
      await Promise.race([sleep(afterMs), left])
      const hungUpAt = performance.now()
      client.abort()
      const { arrivals } = await stream(dialect, next)
      const tookMs = performance.now() - hungUpAt
      await left
      return hasEnded ? Number.NaN : tookMs - afterFirst(arrivals)
    },
  }
}

/** What came after the first token does not count. */
const afterFirst = (arrivals: readonly number[]): number => (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)

/** Asks, and notes when each line of the answer came. Throws when the answer is not as long as it was to be. */
async function stream(dialect: HttpDialect, ask: Ask, signal?: AbortSignal): Promise<Stream> {
  const startedAt = performance.now()
  const { body, statusCode } = await request(dialect.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(dialect.body(ask)),
    reset: true,
    ...(signal === undefined ? {} : { signal }),
  })
  // Looked at when all is over: what the client does in between is taken from the server's processors.
  const chunks: [ms: number, bytes: Buffer][] = []
  body.on('data', (bytes: Buffer) => chunks.push([performance.now() - startedAt, bytes]))
  await once(body, 'end')
  const { arrivals, last, rest } = linesOf(chunks, dialect.isLast)
  if (statusCode !== 200) throw new Error(`status ${statusCode}: ${rest}`)
  const tokens = last === '' ? 0 : dialect.outputTokens(last)
  if (tokens !== ask.tokens || arrivals.length !== tokens) {
    throw new Error(`${ask.tokens} tokens asked, ${tokens} said, ${arrivals.length} lines: ${last || rest}`)
  }
  return { arrivals }
}

/** When each line came that is neither empty nor the last, and what followed the last line break. */
function linesOf(chunks: readonly [ms: number, bytes: Buffer][], isLast: (line: string) => boolean) {
  const arrivals: number[] = []
  let rest = ''
  let last = ''
  for (const [ms, bytes] of chunks) {
    const lines = (rest + String(bytes)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') continue
      if (isLast(line)) last = line
      else arrivals.push(ms)
    }
  }
  return { arrivals, last, rest }
}
