import { goQuote } from '../go-quote.ts'
import { GoTemplateError } from './error.ts'
import type { NumberNode } from './nodes.ts'

/** Underscores stand between digits, or between a prefix and a digit. */
const INTEGER = [
  { pattern: /^[+-]?0x((?:_?[\da-f])+)$/i, prefix: '0x' },
  { pattern: /^[+-]?0o((?:_?[0-7])+)$/i, prefix: '0o' },
  { pattern: /^[+-]?0b((?:_?[01])+)$/i, prefix: '0b' },
  { pattern: /^[+-]?0((?:_?[0-7])+)$/, prefix: '0o' },
  { pattern: /^[+-]?(0|[1-9](?:_?\d)*)$/, prefix: '' },
]
const DECIMAL = /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?$/i
const HEX_FLOAT = /^([+-]?)0x_?([\da-f_]*)\.?([\da-f_]*)p([+-]?\d(?:_?\d)*)$/i
const MAX_INT = 2n ** 63n - 1n
const MAX_UINT = 2n ** 64n - 1n

/** The value of a number by Go's rules for constants without a type (parse/node.go). Throws GoTemplateError. */
export function numberValue(text: string): NumberNode['value'] {
  if (text.endsWith('i')) return complexValue(text)
  const integer = integerValue(text)
  if (integer !== undefined && integer <= MAX_INT && integer >= -MAX_INT - 1n) return integer
  if (integer !== undefined && integer >= 0n && integer <= MAX_UINT && !/^[+-]/.test(text)) return 'overflow'
  const float = floatValue(text)
  if (float === undefined) throw new GoTemplateError(`illegal number syntax: ${goQuote(text)}`)
  if (!/[.eEpP]/.test(text)) throw new GoTemplateError(`integer overflow: ${goQuote(text)}`)
  return float
}

function integerValue(text: string): bigint | undefined {
  for (const { pattern, prefix } of INTEGER) {
    const digits = pattern.exec(text)?.[1]
    if (digits === undefined) continue
    const value = BigInt(prefix + digits.replaceAll('_', ''))
    return text.startsWith('-') ? -value : value
  }
  return undefined
}

function floatValue(text: string): number | undefined {
  const hex = HEX_FLOAT.exec(text)
  const value = hex ? hexFloat(hex) : DECIMAL.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

function hexFloat([, sign, whole = '', fraction = '', exponent = '']: RegExpExecArray): number {
  const digits = (whole + fraction).replaceAll('_', '')
  if (digits === '') return Number.NaN
  const shift = Number(exponent.replaceAll('_', '')) - 4 * fraction.replaceAll('_', '').length
  const value = Number(BigInt(`0x${digits}`)) * 2 ** shift
  return sign === '-' ? -value : value
}

function complexValue(text: string): NumberNode['value'] {
  // A sign behind an exponent's letter is not that of the imaginary part.
  const [, real, imaginary = ''] = /^(?:(.*[^ep])(?=[+-]))?(.*)i$/i.exec(text) ?? []
  if (floatValue(real ?? '0') !== undefined && floatValue(imaginary) !== undefined) return { complex: text }
  const isSum = real !== undefined
  throw new GoTemplateError(
    isSum ? 'syntax error scanning complex number' : `illegal number syntax: ${goQuote(text)}`,
  )
}
