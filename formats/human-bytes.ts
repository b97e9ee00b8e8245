const UNITS = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
] as const

/** Bytes as Ollama's messages show memory: one decimal of the largest unit that is reached (its format/bytes.go). */
export function humanBytes(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size)
  return unit === undefined ? `${Math.round(bytes)} B` : `${(bytes / unit[1]).toFixed(1)} ${unit[0]}`
}
