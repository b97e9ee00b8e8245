import { isDict, Namespace, typeName, type Value } from './value.ts'

export interface JsonStyle {
  /** Spaces a level; none prints on one line. */
  indent?: number
  sortKeys?: boolean
  ensureAscii?: boolean
  /** Between items, and between key and value. */
  separators?: readonly [string, string]
}

/** Indentation beyond this is an attempt to blow up the prompt. */
const MAX_INDENT = 32

/**
 * JSON as Python's `json.dumps` lays it out (`{"a": 1, "b": [2, 3]}`), without ASCII escapes unless asked.
 * Undefined prints as null, so that a tool without a description does not fail the request.
 */
export function toJson(value: Value, style: JsonStyle = {}): string {
  const indent = Math.min(style.indent ?? 0, MAX_INDENT)
  const separators = style.separators ?? [indent > 0 ? ',' : ', ', ': ']
  return print(value, { ...style, indent, separators }, '\n')
}

type Resolved = JsonStyle & { indent: number; separators: readonly [string, string] }

function print(value: Value, style: Resolved, newline: string): string {
  if (typeof value === 'string') return string(value, style)
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const inner = newline + ' '.repeat(style.indent)
  if (Array.isArray(value)) {
    return wrap(
      '[]',
      value.map((item) => print(item, style, inner)),
      style,
      newline,
    )
  }
  if (!isDict(value) && !(value instanceof Namespace)) {
    throw new Error(`Object of type ${typeName(value)} is not JSON serializable`)
  }
  const entries: [Value, Value][] = [...(isDict(value) ? value : value.fields)]
  if (style.sortKeys) entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  const members = entries.map(
    ([key, item]) => string(String(key), style) + style.separators[1] + print(item, style, inner),
  )
  return wrap('{}', members, style, newline)
}

function wrap(brackets: '[]' | '{}', parts: string[], style: Resolved, newline: string): string {
  const [open, close] = brackets
  if (parts.length === 0) return brackets
  if (style.indent === 0) return open + parts.join(style.separators[0]) + close
  const inner = newline + ' '.repeat(style.indent)
  return open + inner + parts.join(style.separators[0] + inner) + newline + close
}

function string(text: string, style: JsonStyle): string {
  const json = JSON.stringify(text)
  if (!style.ensureAscii) return json
  return json.replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
