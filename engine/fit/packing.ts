/** A place with room for parts. */
export interface Room {
  bytes: number
  /** Taken as soon as one part is there. */
  fixedBytes: number
}

export interface Packing {
  /** Parts in each room. */
  counts: number[]
  /** Parts at the end that found no room. */
  left: number
}

/**
 * How many parts, in their order, go into each room: a room is filled before the next is begun, so that most lies
 * in the first. No other division of parts in order gets more of them in.
 */
export function pack(parts: readonly number[], rooms: readonly Room[]): Packing {
  const counts = rooms.map(() => 0)
  let next = 0
  for (const [i, { bytes, fixedBytes }] of rooms.entries()) {
    let free = bytes - fixedBytes
    for (let part = parts[next]; part !== undefined && part <= free; part = parts[next]) {
      free -= part
      counts[i] = (counts[i] ?? 0) + 1
      next++
    }
  }
  return { counts, left: parts.length - next }
}

/** The least number from `least` to `most` that suffices, when every number above one that does suffices too. */
export function leastSufficient(
  least: number,
  most: number,
  suffices: (n: number) => boolean,
): number | undefined {
  if (least > most || !suffices(most)) return undefined
  let low = least
  let high = most
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (suffices(middle)) high = middle
    else low = middle + 1
  }
  return high
}
