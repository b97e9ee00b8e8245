import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a registry gets wrong. */
export type Fault =
  /** Answers with this status and body. */
  | { status: number; body?: string; headers?: Record<string, string> }
  /** Sends so many bytes of the body, then breaks the connection. */
  | { cutAfter: number }
  /** Sends so many bytes of the body, then nothing more. */
  | { stallAfter: number }
  /** Turns one bit over, at this place of the whole blob. */
  | { flipAt: number }
  /** Sends a body of the right length with other content. */
  | { otherBytes: true }
  /** Sends this many bytes at a time, with a pause after each. */
  | { drip: number; everyMs: number }
  /** States this length instead of the true one. */
  | { contentLength: number }
  /** Ignores the Range header. */
  | { ignoreRange: true }
  /** Says this about the range it sends. */
  | { contentRange: string }
  /** Anything else. */
  | { answer: (request: IncomingMessage, response: ServerResponse) => void }

export interface FaultRule {
  method?: string
  /** What the path (with its query) is or matches. */
  path: string | RegExp
  fault: Fault
  /** How many requests get it; all when left out. */
  times?: number
}

/** The rules that are still to be applied. */
export function createFaults() {
  const rules: (FaultRule & { left: number })[] = []
  return {
    add: (rule: FaultRule) => void rules.push({ ...rule, left: rule.times ?? Number.POSITIVE_INFINITY }),
    clear: () => void rules.splice(0),
    /** The first fault for this request, and one time less of it. */
    take(method: string, path: string): Fault | undefined {
      const rule = rules.find(
        (one) =>
          one.left > 0 &&
          (one.method === undefined || one.method === method) &&
          (typeof one.path === 'string' ? one.path === path : one.path.test(path)),
      )
      if (rule) rule.left--
      return rule?.fault
    },
  }
}

/** Chunks of a body that begins at `start` of its blob, with what the fault does to them. */
export async function* damage(
  chunks: Iterable<Buffer>,
  start: number,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  let at = start
  for (const chunk of chunks) {
    if (fault && 'drip' in fault) yield* drip(chunk, fault.drip, fault.everyMs)
    else yield damaged(chunk, at, fault)
    at += chunk.length
  }
}

function damaged(chunk: Buffer, at: number, fault: Fault | undefined): Buffer {
  if (fault && 'otherBytes' in fault) return Buffer.alloc(chunk.length, 0x21)
  if (!(fault && 'flipAt' in fault) || fault.flipAt < at || fault.flipAt >= at + chunk.length) return chunk
  const copy = Buffer.from(chunk)
  copy.writeUInt8(copy.readUInt8(fault.flipAt - at) ^ 1, fault.flipAt - at)
  return copy
}

async function* drip(chunk: Buffer, count: number, everyMs: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < chunk.length; from += count) {
    yield chunk.subarray(from, from + count)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
