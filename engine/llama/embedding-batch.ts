/** A request for embeddings while it is in work. */
export interface EmbeddingRequest {
  readonly id: number
  readonly inputs: readonly (readonly number[])[]
  /** All vectors, one after the other. */
  readonly vectors: Float32Array
  /** The first input that no step has taken yet. */
  next: number
  /** Inputs whose vector is there. */
  done: number
  isCancelled: boolean
}

/** What one decode step does of one input. */
export interface Part {
  request: EmbeddingRequest
  index: number
  /** The first token of this step; those before it are in memory. */
  from: number
  count: number
  sequence: number
}

export interface BatchLimits {
  batch: number
  sequences: number
  canSplit: boolean
}

export const tokensOf = ({ request, index }: Part): readonly number[] => request.inputs[index] ?? []
export const isWhole = (part: Part): boolean => part.from + part.count === tokensOf(part).length

/**
 * The next decode step: the rest of the `open` input, then one input of each request in turn, so that a long
 * list does not hold up a short one. Takes what it gives from `queue`, which holds the requests with inputs
 * left. At most one part is not whole: the last one, when inputs may be split.
 */
export function packStep(queue: EmbeddingRequest[], open: Part | undefined, limits: BatchLimits): Part[] {
  const parts: Part[] = []
  let room = limits.batch
  let sequence = 0
  const add = (part: Omit<Part, 'count'>) => {
    const whole = { ...part, count: 0 }
    const count = Math.min(room, tokensOf(whole).length - part.from)
    room -= count
    parts.push({ ...whole, count })
  }
  if (open !== undefined) add(open)
  while (room > 0 && parts.length < limits.sequences) {
    const request = queue[0]
    const length = request?.inputs[request.next]?.length
    if (request === undefined || length === undefined) break
    if (length > room && !limits.canSplit) break
    queue.shift()
    if (sequence === open?.sequence) sequence += 1
    add({ request, index: request.next, from: 0, sequence })
    sequence += 1
    request.next += 1
    if (request.next < request.inputs.length) queue.push(request)
  }
  return parts
}
