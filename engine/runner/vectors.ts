/** The vectors that a child sent as base64 of one long array. */
export function vectorsOf(base64: string, count: number): Float32Array[] {
  // Copied: a buffer from the pool may begin where no float can.
  const all = new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)
  const length = all.length / count
  return Array.from({ length: count }, (_, i) => all.subarray(i * length, (i + 1) * length))
}
