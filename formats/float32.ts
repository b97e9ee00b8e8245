/**
 * The number with the fewest digits that is the same float32, so that JSON shows `0.1` and not
 * `0.10000000149011612`. Go's encoding/json writes float32 like this.
 */
export function shortFloat32(value: number): number {
  // Nine digits always tell two float32 apart, six are always exact; most need eight.
  const eight = Number(value.toPrecision(8))
  if (Math.fround(eight) !== value) return Number(value.toPrecision(9))
  let shortest = eight
  for (let digits = 7; digits > 0; digits--) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) !== value) break
    shortest = shorter
  }
  return shortest
}
