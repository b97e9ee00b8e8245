/**
 * Where the end of a text stood before in it. Built like the match finders of LZ77 compressors: a table leads from a
 * hash of the last tokens to where they stood last, and from each place there is a link to the one before. A token
 * costs the same wherever it stands in the text.
 */

/** Shorter ends stand everywhere and say little of what follows. */
export const LEAST_MATCH = 3
/** Tokens of a match that are counted: longer ones are no surer. */
export const MOST_MATCH = 64
/** Earlier places that are looked at for the longest match. */
const MOST_PLACES = 16
/** Tokens that are remembered at most: 1.5 MB with their links. Older ones are forgotten. */
const MOST_REMEMBERED = 2 ** 17

/** The end of the text is the same as the `length` tokens before place `end`. */
export interface Match {
  end: number
  length: number
}

export interface NgramIndex {
  push(token: number): void
  /** The longest match, the latest of equals; undefined when the end of the text is new. */
  match(): Match | undefined
  /** The token `ahead` places behind the match, as if the text repeated itself for ever; 0 is the next one. */
  tokenAfter(match: Match, ahead: number): number
}

/** An index that remembers the last `tokens` tokens, or as many as it may. */
export function createNgramIndex(tokens: number): NgramIndex {
  const wanted = Math.min(Math.max(tokens, LEAST_MATCH + 1), MOST_REMEMBERED)
  const bits = Math.ceil(Math.log2(wanted))
  const capacity = 2 ** bits
  const mask = capacity - 1
  const text = new Int32Array(capacity)
  /** By hash: the place after the latest end of that hash; 0 is none. By place: the one before it. */
  const latest = new Int32Array(capacity)
  const earlier = new Int32Array(capacity)
  let length = 0
  /** The last match that was found, and the length of the text then. */
  let before: { end: number; at: number } | undefined

  const at = (place: number): number => text[place & mask] ?? 0
  const isRemembered = (end: number): boolean => end > 0 && end > length - capacity

  /** Multiplicative hashing; the constants are those of xxHash32, odd and without a pattern. */
  function hashOfEnd(): number {
    const first = Math.imul(at(length - 3), 0x9e3779b1)
    const second = Math.imul(at(length - 2), 0x85ebca77)
    const third = Math.imul(at(length - 1), 0xc2b2ae3d)
    const mixed = Math.imul((first ^ (second >>> 13) ^ second ^ (third >>> 7)) + third, 0x27d4eb2f)
    return mixed >>> (32 - bits)
  }

  function commonLength(end: number): number {
    const most = Math.min(MOST_MATCH, end, end - (length - capacity))
    let common = 0
    while (common < most && at(end - 1 - common) === at(length - 1 - common)) common++
    return common
  }

  return {
    push(token) {
      text[length & mask] = token
      length += 1
      if (length < LEAST_MATCH) return
      const hash = hashOfEnd()
      earlier[(length - 1) & mask] = latest[hash] ?? 0
      latest[hash] = length
    },
    match() {
      if (length <= LEAST_MATCH) return undefined
      let best: Match | undefined
      const consider = (end: number): void => {
        const common = commonLength(end)
        if (common >= LEAST_MATCH && common > (best?.length ?? 0)) best = { end, length: common }
      }
      let end = earlier[(length - 1) & mask] ?? 0
      for (let looked = 0; looked < MOST_PLACES && isRemembered(end); looked++) {
        consider(end)
        end = earlier[(end - 1) & mask] ?? 0
      }
      // A copy goes on where it was, also through words that stand in many places.
      const goingOn = before === undefined ? 0 : before.end + length - before.at
      if (isRemembered(goingOn)) consider(goingOn)
      before = best && { end: best.end, at: length }
      return best
    },
    tokenAfter: ({ end }, ahead) => at(end + (ahead % (length - end))),
  }
}
