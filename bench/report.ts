import os from 'node:os'

/** The middle value; of an even number, the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper
}

/** The value that `share` of the values do not exceed (nearest rank). NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** A Markdown table; the first column is text, the others numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** Date, processor, Node: where numbers come from. */
export function whereAndWhen(): string {
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown processor'
  const date = new Date().toISOString().slice(0, 10)
  return `${date}, ${cpu} (${os.availableParallelism()} cores), Node ${process.version}`
}

/** `–` for what could not be measured. */
export const shown = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits) : '–'

/** The straight line through points that misses them least: how much y grows with each x. 0 for a single point. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const x0 = mean(points.map(([x]) => x))
  const y0 = mean(points.map(([, y]) => y))
  const spread = points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / spread
}
