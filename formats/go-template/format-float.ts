/** Numbers as Go's strconv.FormatFloat writes them. */

/** Digits without a point, and where it stands: 0.d1d2… times ten to this. */
interface Decimal {
  sign: string
  digits: string
  point: number
}

/** `precision` digits behind the first one; without it, as few as tell the number from its neighbours. */
function decimalOf(value: number, precision?: number): Decimal {
  const text = precision === undefined ? value.toExponential() : roundedExponent(value, precision)
  const [, sign = '', first = '', rest = '', exponent = ''] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? []
  return { sign: Object.is(value, -0) ? '-' : sign, digits: first + rest, point: Number(exponent) + 1 }
}

/** JavaScript rounds what lies in the middle up, Go to the even digit; a hundred digits show where it lies. */
const MIDDLE = /^[02468]\.?50*$/

function roundedExponent(value: number, precision: number): string {
  const most = Math.min(precision, 100)
  const [exact = '', exponent = ''] = value.toExponential(100).split('e')
  const cut = exact.length - 100 + most
  if (!MIDDLE.test(exact.slice(most === 0 ? cut - 2 : cut - 1))) return value.toExponential(most)
  return `${exact.slice(0, most === 0 ? cut - 1 : cut)}e${exponent}`
}

function roundedPlain(size: number, precision: number): string {
  const most = Math.min(precision, 100)
  const exact = size.toFixed(100)
  const cut = exact.length - 100 + most
  if (!MIDDLE.test(exact.slice(most === 0 ? cut - 2 : cut - 1))) return size.toFixed(most)
  return exact.slice(0, most === 0 ? cut - 1 : cut)
}

const exponentText = (exponent: number) =>
  `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`

/** `%e`: one digit, the others behind a point, and an exponent. */
export function exponentForm(value: number, precision?: number): string {
  const special = specialForm(value)
  if (special !== undefined) return special
  const { sign, digits, point } = decimalOf(value, precision)
  const rest = digits.slice(1).padEnd(precision ?? 0, '0')
  return `${sign}${digits.charAt(0)}${rest === '' ? '' : `.${rest}`}${exponentText(value === 0 ? 0 : point - 1)}`
}

/** `%f`: no exponent. */
export function plainForm(value: number, precision?: number): string {
  const special = specialForm(value)
  if (special !== undefined) return special
  if (precision === undefined) return shortestPlain(decimalOf(value))
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const size = Math.abs(value)
  const fixed = size >= 1e21 ? `${BigInt(size)}.` : roundedPlain(size, precision)
  const [whole = '', fraction = ''] = fixed.split('.')
  return sign + whole + (precision === 0 ? '' : `.${fraction.padEnd(precision, '0')}`)
}

function shortestPlain({ sign, digits, point }: Decimal): string {
  const padded = digits.padEnd(point, '0')
  const whole = point <= 0 ? '0' : padded.slice(0, point)
  const fraction = point <= 0 ? '0'.repeat(-point) + digits : padded.slice(point)
  return `${sign}${whole}${/^0*$/.test(fraction) ? '' : `.${fraction}`}`
}

/** `%g` and `%v`: without an exponent unless the number is very small or large. */
export function generalForm(value: number, precision?: number): string {
  const special = specialForm(value)
  if (special !== undefined) return special
  const significant = precision === undefined ? undefined : Math.max(precision, 1)
  const decimal = decimalOf(value, significant === undefined ? undefined : significant - 1)
  const digits = decimal.digits.replace(/0+$/, '') || '0'
  const exponent = value === 0 ? 0 : decimal.point - 1
  const limit = significant === undefined ? SHORTEST_LIMIT : Math.max(significant, 1)
  if (exponent < -4 || exponent >= limit) {
    const rest = digits.slice(1)
    return `${decimal.sign}${digits.charAt(0)}${rest === '' ? '' : `.${rest}`}${exponentText(exponent)}`
  }
  return shortestPlain({ ...decimal, digits, point: exponent + 1 })
}

/** From this exponent on the shortest form shows it (Go's strconv/ftoa.go). */
const SHORTEST_LIMIT = 6

function specialForm(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return undefined
  return value > 0 ? '+Inf' : '-Inf'
}
