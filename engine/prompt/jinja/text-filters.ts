import { argument, type Filter, type FilterArguments } from './filter.ts'
import { type JsonStyle, toJson } from './json.ts'
import { bounded } from './limits.ts'
import { capitalize, expectText, replace, strip, titleCase } from './methods.ts'
import { percentFormat } from './text-format.ts'
import { isTruthy, toText } from './value.ts'

/** Widest indentation, in spaces: a wider one only serves to blow up the prompt. */
const MAX_WIDTH = 1_000

/** Filters that print. */
export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  upper: (v) => toText(v).toUpperCase(),
  lower: (v) => toText(v).toLowerCase(),
  title: (v) => titleCase(toText(v)),
  capitalize: (v) => capitalize(toText(v)),
  trim: (v, given) => strip(toText(v), argument(given, 0, 'chars'), 'both'),
  string: toText,
  // Nothing is escaped when printed; what it does to a sum is in expressions.ts.
  safe: (v) => v,
  e: (v) => escapeHtml(toText(v)),
  escape: (v) => escapeHtml(toText(v)),
  tojson: (v, given) => bounded(toJson(v, jsonStyle(given))),
  indent: (v, given) => bounded(indent(toText(v), given)),
  replace: (v, given) => {
    const [old, now] = [expectText(argument(given, 0, 'old')), expectText(argument(given, 1, 'new'))]
    return bounded(replace(toText(v), old, now, Number(argument(given, 2, 'count') ?? -1)))
  },
  format: (v, given) => bounded(percentFormat(toText(v), given.args)),
  wordcount: (v) => toText(v).match(/\w+/g)?.length ?? 0,
}

function jsonStyle(given: FilterArguments): JsonStyle {
  const separators = given.keywords.get('separators')
  const style: JsonStyle = {
    indent: Number(argument(given, 0, 'indent') ?? 0),
    sortKeys: isTruthy(given.keywords.get('sort_keys')),
    ensureAscii: isTruthy(given.keywords.get('ensure_ascii')),
  }
  if (!Array.isArray(separators)) return style
  return { ...style, separators: [expectText(separators[0]), expectText(separators[1])] }
}

function indent(text: string, given: FilterArguments): string {
  const width = argument(given, 0, 'width') ?? 4
  const margin =
    typeof width === 'string' ? width : ' '.repeat(Math.min(Math.max(Number(width), 0), MAX_WIDTH))
  const withFirst = isTruthy(argument(given, 1, 'first'))
  const withBlank = isTruthy(argument(given, 2, 'blank'))
  const isIndented = (line: string, at: number) => (at > 0 || withFirst) && (withBlank || line !== '')
  return text
    .split('\n')
    .map((line, at) => (isIndented(line, at) ? margin + line : line))
    .join('\n')
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char)
}
