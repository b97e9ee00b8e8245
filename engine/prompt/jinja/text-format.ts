import { isDict, toRepr, toText, type Value } from './value.ts'

/** Widest field `%20s` may ask for. */
const MAX_WIDTH = 1_000

/**
 * Python's `format % arguments`, with `%s %r %d %i %f %x %%`, `%(name)s`, width and precision.
 * Throws when there are fewer arguments than fields.
 */
export function percentFormat(format: string, argument: Value): string {
  const positional = Array.isArray(argument) ? argument : [argument]
  let next = 0
  return format.replace(
    /%(?:\((\w+)\))?([-0]?)(\d*)(?:\.(\d+))?([srdifx%])/g,
    (
      _,
      name: string | undefined,
      flag: string,
      width: string,
      precision: string | undefined,
      kind: string,
    ) => {
      if (kind === '%') return '%'
      if (name === undefined && next >= positional.length) {
        throw new Error('not enough arguments for format string')
      }
      const value =
        name === undefined ? positional[next++] : isDict(argument) ? argument.get(name) : undefined
      return pad(field(value, kind, precision), flag, Math.min(Number(width), MAX_WIDTH))
    },
  )
}

function field(value: Value, kind: string, precision: string | undefined): string {
  switch (kind) {
    case 's':
      return toText(value).slice(0, precision === undefined ? undefined : Number(precision))
    case 'r':
      return toRepr(value)
    case 'f':
      return Number(value).toFixed(Math.min(Number(precision ?? 6), 100))
    case 'x':
      return Math.trunc(Number(value)).toString(16)
    default:
      return String(Math.trunc(Number(value)))
  }
}

function pad(text: string, flag: string, width: number): string {
  if (flag === '-') return text.padEnd(width)
  return text.padStart(width, flag === '0' ? '0' : ' ')
}

/** Python's `str.format` with `{}`, `{0}`, `{name}` and `{{`; conversions and format specs are not known. */
export function braceFormat(format: string, args: Value[], keywords: Map<string, Value>): string {
  let next = 0
  return format.replace(/\{\{|\}\}|\{(\w*)\}/g, (found, key: string | undefined) => {
    if (key === undefined) return found.charAt(0)
    if (key !== '' && !/^\d+$/.test(key)) return toText(keywords.get(key))
    const index = key === '' ? next++ : Number(key)
    if (index >= args.length) throw new Error('Replacement index out of range for positional args tuple')
    return toText(args[index])
  })
}
