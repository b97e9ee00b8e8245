/** Logits looked at together before they are looked at one by one; nearly always none of them counts. */
const STRIDE = 8

/**
 * Token ids of the `count` highest logits, best first; of equals the lower id. Fewer where a row has fewer that
 * are numbers above minus infinity. One pass over the row, nothing copied: with 150,000 logits and a small
 * count nearly all the time goes into comparing each with the worst one kept.
 */
export function likeliest(row: Float32Array, count: number): Int32Array {
  const tokens = new Int32Array(count)
  if (count === 0) return tokens
  const best = new Float32Array(count).fill(-Infinity)
  let worst = -Infinity
  let found = 0
  // The last stride may reach past the end: what is not there compares as false.
  for (let i = 0; i < row.length; i += STRIDE) {
    if (!reaches(row, i, worst)) continue
    for (let token = i; token < i + STRIDE; token++) {
      const logit = at(row, token)
      if (!(logit > worst)) continue
      worst = insert(best, tokens, logit, token)
      found += 1
    }
  }
  return found < count ? tokens.subarray(0, found) : tokens
}

/** True when one of the logits of a stride is above `worst`. Written out: a loop takes twice as long. */
function reaches(row: Float32Array, i: number, worst: number): boolean {
  return (
    at(row, i) > worst ||
    at(row, i + 1) > worst ||
    at(row, i + 2) > worst ||
    at(row, i + 3) > worst ||
    at(row, i + 4) > worst ||
    at(row, i + 5) > worst ||
    at(row, i + 6) > worst ||
    at(row, i + 7) > worst
  )
}

/** A cast and no fallback: `??` in the loop over the vocabulary would cost half as much again. */
const at = (row: Float32Array, index: number): number => row[index] as number

/** Puts a logit in its place and drops the last one. Returns the logit that is last now. */
function insert(best: Float32Array, tokens: Int32Array, logit: number, token: number): number {
  let place = best.length - 1
  while (place > 0 && at(best, place - 1) < logit) {
    best[place] = at(best, place - 1)
    tokens[place] = tokens[place - 1] ?? 0
    place--
  }
  best[place] = logit
  tokens[place] = token
  return at(best, best.length - 1)
}
