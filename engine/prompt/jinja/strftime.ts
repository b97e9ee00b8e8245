const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

const two = (n: number) => String(n).padStart(2, '0')
const nameOf = (names: readonly string[], index: number) => names[index] ?? ''

/** By directive, in local time and English, whatever the machine's locale: prompts must not depend on it. */
const DIRECTIVES: Record<string, (date: Date) => string> = {
  Y: (d) => String(d.getFullYear()),
  y: (d) => two(d.getFullYear() % 100),
  m: (d) => two(d.getMonth() + 1),
  d: (d) => two(d.getDate()),
  e: (d) => String(d.getDate()).padStart(2),
  B: (d) => nameOf(MONTHS, d.getMonth()),
  b: (d) => nameOf(MONTHS, d.getMonth()).slice(0, 3),
  A: (d) => nameOf(DAYS, d.getDay()),
  a: (d) => nameOf(DAYS, d.getDay()).slice(0, 3),
  H: (d) => two(d.getHours()),
  I: (d) => two(d.getHours() % 12 || 12),
  M: (d) => two(d.getMinutes()),
  S: (d) => two(d.getSeconds()),
  p: (d) => (d.getHours() < 12 ? 'AM' : 'PM'),
  F: (d) => strftime(d, '%Y-%m-%d'),
  T: (d) => strftime(d, '%H:%M:%S'),
  j: (d) => String(dayOfYear(d)).padStart(3, '0'),
  '%': () => '%',
}

/** Python's `date.strftime(format)`; `%-d` and the like leave out the padding. Unknown directives stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([A-Za-z%])/g, (found, bare: string, letter: string) => {
    const text = DIRECTIVES[letter]?.(date)
    if (text === undefined) return found
    return bare === '-' ? text.replace(/^[0 ]+(?=.)/, '') : text
  })
}

function dayOfYear(date: Date): number {
  const midnight = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return Math.round((midnight - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000) + 1
}
