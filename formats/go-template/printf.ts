/** fmt.Sprintf for the values templates have: https://pkg.go.dev/fmt. */

import { goQuote } from '../go-quote.ts'
import { type Budget, tooLong } from './budget.ts'
import { exponentForm, generalForm, plainForm } from './format-float.ts'
import { formatValue, formatWith, type WriteScalar } from './format-value.ts'
import { MAX_TEXT } from './limits.ts'
import { typeName } from './value.ts'

/** What stands between the percent sign and the verb. */
interface Spec {
  flags: string
  width: number | undefined
  precision: number | undefined
}

const DIRECTIVE =
  /%([+\-# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:(\.)(?:\[(\d+)\])?(\*|\d+)?)?(?:\[(\d+)\])?([\s\S])?/uy

/** Formats values by a format; what is wrong with them is said in the text, as in Go. */
export function sprintf(format: string, values: readonly unknown[], budget: Budget): string {
  const args = createArguments(values)
  let text = ''
  for (let from = 0; from < format.length; ) {
    const percent = format.indexOf('%', from)
    text += format.slice(from, percent < 0 ? format.length : percent)
    if (percent < 0) break
    DIRECTIVE.lastIndex = percent
    const found = DIRECTIVE.exec(format) ?? ['%']
    from = percent + found[0].length
    text += directive(found, args, budget)
    budget.spend(1)
    if (text.length > MAX_TEXT) throw tooLong()
  }
  const extra = args.unused().map((value) => describeExtra(value, budget))
  return budget.text(extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`)
}

interface Arguments {
  /** Goes on with the argument of this number, from 1. */
  seek(index: string | undefined): void
  /** A width or precision: written out, or the next argument for a star; NaN when that is no whole number. */
  number(given: string | undefined): number | undefined
  /** The next argument for a verb, or why there is none. */
  take(): { value: unknown } | { problem: string }
  unused(): readonly unknown[]
}

function createArguments(values: readonly unknown[]): Arguments {
  let next = 0
  let isReordered = false
  return {
    seek(index) {
      if (index === undefined) return
      next = Number(index) - 1
      isReordered = true
    },
    number(given) {
      if (given !== '*') return given === undefined ? undefined : Number(given)
      const value = values[next++]
      return typeof value === 'bigint' ? Number(value) : Number.NaN
    },
    take() {
      if (next >= 0 && next < values.length) return { value: values[next++] }
      return { problem: isReordered ? 'BADINDEX' : 'MISSING' }
    },
    unused: () => (isReordered ? [] : values.slice(next)),
  }
}

function directive(found: readonly (string | undefined)[], args: Arguments, budget: Budget): string {
  const [, flags = '', widthAt, width, point, precisionAt, precision, verbAt, verb] = found
  args.seek(widthAt)
  const asked = args.number(width)
  args.seek(precisionAt)
  const cut = point === undefined ? undefined : (args.number(precision) ?? 0)
  args.seek(verbAt)
  if ((asked ?? 0) > MAX_TEXT || (cut ?? 0) > MAX_TEXT) throw tooLong()
  const bad = (Number.isNaN(asked) ? '%!(BADWIDTH)' : '') + (Number.isNaN(cut) ? '%!(BADPREC)' : '')
  const spec: Spec = { flags, width: asked || undefined, precision: Number.isNaN(cut) ? undefined : cut }
  return bad + written(verb, spec, args, budget)
}

function written(verb: string | undefined, spec: Spec, args: Arguments, budget: Budget): string {
  if (verb === undefined) return '%!(NOVERB)'
  if (verb === '%') return '%'
  const taken = args.take()
  return 'value' in taken ? oneValue(verb, taken.value, spec, budget) : `%!${verb}(${taken.problem})`
}

const describeExtra = (value: unknown, budget: Budget) =>
  value === undefined || value === null ? '<nil>' : `${typeName(value)}=${formatValue(value, budget)}`

function oneValue(verb: string, value: unknown, spec: Spec, budget: Budget): string {
  if (verb === 'T') return paddedText(typeName(value), spec)
  if (verb !== 'v' && (value === undefined || value === null)) return `%!${verb}(<nil>)`
  return valueForm(verb, value, spec, budget)
}

function valueForm(verb: string, value: unknown, spec: Spec, budget: Budget): string {
  // With this verb the flags ask for names of fields and for Go's own syntax.
  const shown = verb === 'v' ? { ...spec, flags: spec.flags.replace('+', '') } : spec
  const scalar: WriteScalar = (known) => {
    const text = scalarForm(verb, known, shown)
    if (text !== undefined) return text
    const type = known.kind === 'uint' ? 'uint8' : known.kind === 'float' ? 'float64' : known.kind
    return `%!${verb}(${type}=${scalarForm('v', known, shown)})`
  }
  return formatWith(value, budget, scalar, (text) => textForm(verb, text, shown) ?? text)
}

function scalarForm(verb: string, known: Parameters<WriteScalar>[0], spec: Spec): string | undefined {
  switch (known.kind) {
    case 'invalid':
    case 'nil':
      return paddedText('<nil>', { ...spec, flags: spec.flags.replaceAll('0', '') })
    case 'bool':
      return verb === 't' || verb === 'v' ? paddedText(String(known.value), spec) : undefined
    case 'string':
      return textForm(verb, known.value, spec)
    case 'float':
      return floatForm(verb, known.value, spec)
    default:
      return integerForm(verb, known.value, spec)
  }
}

/** Filled up to the width with spaces, or with zeros before it. */
function paddedText(text: string, { flags, width = 0 }: Spec): string {
  const missing = Math.abs(width) - [...text].length
  if (missing <= 0) return text
  if (flags.includes('-') || width < 0) return text + ' '.repeat(missing)
  return (flags.includes('0') ? '0' : ' ').repeat(missing) + text
}

/** As paddedText; zeros stand behind the sign. */
function paddedNumber(text: string, spec: Spec, mayHaveZeros: boolean): string {
  const { flags, width = 0 } = spec
  const hasZeros = mayHaveZeros && flags.includes('0') && !flags.includes('-')
  if (!hasZeros) return paddedText(text, { ...spec, flags: flags.replaceAll('0', '') })
  const [sign = ''] = /^[+\- ]?/.exec(text) ?? []
  return sign + paddedText(text.slice(sign.length), { ...spec, width: width - sign.length })
}

function textForm(verb: string, text: string, spec: Spec): string | undefined {
  const { precision, flags } = spec
  const isCut = precision !== undefined && text.length > precision
  const cut = isCut ? [...text].slice(0, precision).join('') : text
  switch (verb) {
    case 'v':
      return paddedText(flags.includes('#') ? goQuote(cut) : cut, spec)
    case 's':
      return paddedText(cut, spec)
    case 'q':
      return paddedText(quotedForm(cut, flags), spec)
    case 'x':
    case 'X': {
      const hex = Buffer.from(text).subarray(0, precision).toString('hex')
      const prefixed = flags.includes('#') && hex !== '' ? `0x${hex}` : hex
      return paddedText(verb === 'X' ? prefixed.toUpperCase() : prefixed, spec)
    }
    default:
      return undefined
  }
}

const quotedForm = (text: string, flags: string) =>
  flags.includes('#') && !/`|\ufeff|(?!\t)\p{Cc}/u.test(text) ? `\`${text}\`` : goQuote(text)

const signed = (text: string, flags: string) =>
  text.startsWith('-') || text.startsWith('+')
    ? text
    : `${flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''}${text}`

function floatForm(verb: string, value: number, spec: Spec): string | undefined {
  const { precision, flags } = spec
  const written = () => {
    switch (verb) {
      case 'v':
      case 'g':
        return generalForm(value, precision)
      case 'G':
        return generalForm(value, precision).toUpperCase()
      case 'e':
        return exponentForm(value, precision ?? 6)
      case 'E':
        return exponentForm(value, precision ?? 6).toUpperCase()
      case 'f':
      case 'F':
        return plainForm(value, precision ?? 6)
      default:
        return undefined
    }
  }
  const text = written()
  return text === undefined ? undefined : paddedNumber(signed(text, flags), spec, Number.isFinite(value))
}

const BASES: Readonly<Record<string, readonly [base: number, prefix: string, always: boolean]>> = {
  v: [10, '', false],
  d: [10, '', false],
  b: [2, '0b', false],
  o: [8, '0', false],
  O: [8, '0o', true],
  x: [16, '0x', false],
  X: [16, '0X', false],
}

function integerForm(verb: string, value: bigint, spec: Spec): string | undefined {
  const { flags, precision } = spec
  const known = BASES[verb]
  if (known === undefined) return characterForm(verb, value, spec)
  const [base, prefix, always] = known
  const size = value < 0n ? -value : value
  const digits = precision === 0 && size === 0n ? '' : size.toString(base).padStart(precision ?? 0, '0')
  const shown = verb === 'X' ? digits.toUpperCase() : digits
  const text = `${value < 0n ? '-' : ''}${always || flags.includes('#') ? prefix : ''}${shown}`
  return paddedNumber(signed(text, flags), spec, precision === undefined)
}

function characterForm(verb: string, value: bigint, spec: Spec): string | undefined {
  const isCharacter = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn)
  const character = isCharacter ? String.fromCodePoint(Number(value)) : '\ufffd'
  switch (verb) {
    case 'c':
      return paddedText(character, spec)
    case 'q': {
      const quoted = character === "'" ? "\\'" : character === '"' ? '"' : goQuote(character).slice(1, -1)
      return paddedText(`'${quoted}'`, spec)
    }
    case 'U': {
      const code = `U+${value.toString(16).toUpperCase().padStart(4, '0')}`
      return paddedText(spec.flags.includes('#') ? `${code} '${character}'` : code, spec)
    }
    default:
      return undefined
  }
}
