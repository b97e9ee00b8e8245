/** Rows as lines of columns, as wide as their widest cells. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('    ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** Bytes as Ollama's command line shows them: decimal units, two or three digits (format/bytes.go). */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const text = value >= 10 || unit === 0 ? String(Math.floor(value)) : value.toFixed(1)
  return `${text} ${UNITS[unit]}`
}
