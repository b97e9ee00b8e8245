import { braceFormat } from './text-format.ts'
import { type Callable, type Dict, isDict, isEqual, lengthOf, toText, typeName, type Value } from './value.ts'

type Method<T> = (self: T, args: Value[], keywords: Map<string, Value>) => Value

/**
 * The method `name` of a value, bound to it; undefined when there is none. Methods that change their object are
 * left out, as they are in the sandbox chat templates are written for.
 */
export function methodOf(value: Value, name: string): Callable | undefined {
  if (typeof value === 'string') return bind(TEXT_METHODS[name], value)
  if (Array.isArray(value)) return bind(LIST_METHODS[name], value)
  if (isDict(value)) return bind(DICT_METHODS[name], value)
  return undefined
}

function bind<T>(method: Method<T> | undefined, self: T): Callable | undefined {
  return method && ((args, keywords) => method(self, args, keywords))
}

/** An object literal without Object.prototype, so that `x.constructor` finds nothing. */
function table<T>(methods: Record<string, Method<T>>): Record<string, Method<T>> {
  return Object.assign(Object.create(null), methods)
}

const DICT_METHODS = table<Dict>({
  get: (dict, [key, fallback = null]) => (dict.has(key) ? dict.get(key) : fallback),
  items: (dict) => [...dict].map(([key, value]) => [key, value]),
  keys: (dict) => [...dict.keys()],
  values: (dict) => [...dict.values()],
  copy: (dict) => new Map(dict),
})

const LIST_METHODS = table<Value[]>({
  index: (list, [item]) => {
    const at = list.findIndex((other) => isEqual(other, item))
    if (at < 0) throw new Error('the value is not in the list')
    return at
  },
  count: (list, [item]) => list.filter((other) => isEqual(other, item)).length,
  copy: (list) => [...list],
})

const TEXT_METHODS = table<string>({
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  casefold: (text) => text.toLowerCase(),
  title: (text) => titleCase(text),
  capitalize: (text) => capitalize(text),
  strip: (text, [chars]) => strip(text, chars, 'both'),
  lstrip: (text, [chars]) => strip(text, chars, 'start'),
  rstrip: (text, [chars]) => strip(text, chars, 'end'),
  removeprefix: (text, [prefix]) =>
    text.startsWith(expectText(prefix)) ? text.slice(expectText(prefix).length) : text,
  removesuffix: (text, [suffix]) =>
    suffix !== '' && text.endsWith(expectText(suffix)) ? text.slice(0, -expectText(suffix).length) : text,
  startswith: (text, [prefix]) => anyOf(prefix).some((p) => text.startsWith(p)),
  endswith: (text, [suffix]) => anyOf(suffix).some((s) => text.endsWith(s)),
  split: (text, args, keywords) => split(text, args[0] ?? keywords.get('sep'), limit(args, keywords)),
  rsplit: (text, args, keywords) => rsplit(text, args[0] ?? keywords.get('sep'), limit(args, keywords)),
  splitlines: (text) => (text === '' ? [] : text.replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/)),
  partition: (text, [separator]) => cutAt(text, expectText(separator), text.indexOf(expectText(separator))),
  join: (text, [list]) => (Array.isArray(list) ? list.map(expectText).join(text) : expectText(list)),
  replace: (text, [old, now, count = -1]) => replace(text, expectText(old), expectText(now), Number(count)),
  find: (text, [part]) => text.indexOf(expectText(part)),
  rfind: (text, [part]) => text.lastIndexOf(expectText(part)),
  index: (text, [part]) => {
    const at = text.indexOf(expectText(part))
    if (at < 0) throw new Error('substring not found')
    return at
  },
  count: (text, [part]) => (part === '' ? lengthOf(text) + 1 : text.split(expectText(part)).length - 1),
  format: (text, args, keywords) => braceFormat(text, args, keywords),
  isdigit: (text) => /^\p{Nd}+$/u.test(text),
  isnumeric: (text) => /^\p{N}+$/u.test(text),
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
  isspace: (text) => /^\s+$/.test(text),
  isupper: (text) => text === text.toUpperCase() && text !== text.toLowerCase(),
  islower: (text) => text === text.toLowerCase() && text !== text.toUpperCase(),
})

/** Throws unless the value is a string. */
export function expectText(value: Value): string {
  if (typeof value === 'string') return value
  throw new Error(`expected str, not ${typeName(value)}`)
}

function anyOf(value: Value): string[] {
  return Array.isArray(value) ? value.map(expectText) : [expectText(value)]
}

function limit(args: Value[], keywords: Map<string, Value>): number {
  return Number(args[1] ?? keywords.get('maxsplit') ?? -1)
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase()
}

export function titleCase(text: string): string {
  return text.replace(/[\p{L}\p{N}']+/gu, capitalize)
}

/** Takes the given characters (white space when undefined or null) off the ends. */
export function strip(text: string, chars: Value, where: 'both' | 'start' | 'end'): string {
  const isStripped =
    chars === undefined || chars === null
      ? (char: string) => char.trim() === ''
      : (char: string) => toText(chars).includes(char)
  let start = 0
  let end = text.length
  if (where !== 'end') while (start < end && isStripped(text.charAt(start))) start++
  if (where !== 'start') while (end > start && isStripped(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

function split(text: string, separator: Value, most: number): string[] {
  if (separator === undefined || separator === null) return splitBlank(text, most)
  const parts = splitAt(text, expectText(separator))
  if (most < 0 || parts.length <= most + 1) return parts
  return [...parts.slice(0, most), parts.slice(most).join(expectText(separator))]
}

function rsplit(text: string, separator: Value, most: number): string[] {
  if (separator === undefined || separator === null) {
    const words = splitBlank(text, -1)
    if (most < 0 || words.length <= most + 1) return words
    return [words.slice(0, words.length - most).join(' '), ...words.slice(words.length - most)]
  }
  const parts = splitAt(text, expectText(separator))
  const first = parts.length - most
  if (most < 0 || first <= 1) return parts
  return [parts.slice(0, first).join(expectText(separator)), ...parts.slice(first)]
}

function splitAt(text: string, separator: string): string[] {
  if (separator === '') throw new Error('empty separator')
  return text.split(separator)
}

function splitBlank(text: string, most: number): string[] {
  const parts: string[] = []
  const words = /\S+/g
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    if (parts.length === most) return [...parts, text.slice(match.index)]
    parts.push(match[0])
  }
  return parts
}

function cutAt(text: string, separator: string, at: number): string[] {
  return at < 0 ? [text, '', ''] : [text.slice(0, at), separator, text.slice(at + separator.length)]
}

/** Python's `str.replace`; a negative count replaces all. */
export function replace(text: string, old: string, now: string, count: number): string {
  if (count < 0) return text.replaceAll(old, () => now)
  let left = count
  return text.replaceAll(old, (found) => (left-- > 0 ? now : found))
}
