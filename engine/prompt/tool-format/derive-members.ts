import { commonEnd, commonStart } from './align.ts'
import type { FindArguments } from './locate.ts'
import type { FoundArguments } from './marks.ts'
import { KEYS, NAME, type Probe, TEXTS } from './probe.ts'
import { type InlineArguments, type TaggedArguments, VALUE_KINDS, type ValueKind } from './types.ts'

/** What stands between the parts of a call with two arguments. */
interface Between {
  /** From name to first key, from key to value, from value to next key, from last value to the end. */
  beforeKey: string
  assign: string
  next: string
  end: string
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Arguments that are no JSON object: one after another, each with its key. Undefined when they are not even that. */
export function memberArguments(probe: Probe): FoundArguments | undefined {
  const shown = probe([{ [KEYS[0]]: TEXTS[0], [KEYS[1]]: TEXTS[1] }])
  const between = shown === undefined ? undefined : betweenParts(shown)
  if (between === undefined) return undefined
  const open = between.beforeKey.trimEnd().at(-1) ?? ''
  const isInline = open in CLOSING && /^\s*[:=]/.test(between.assign)
  return isInline ? inlineArguments(probe, between, open) : taggedArguments(probe, between)
}

function betweenParts(shown: string): Between | undefined {
  const parts: string[] = []
  let at = 0
  for (const sign of [NAME, KEYS[0], TEXTS[0], KEYS[1], TEXTS[1]]) {
    const next = shown.indexOf(sign, at)
    if (next < 0) return undefined
    parts.push(shown.slice(at, next))
    at = next + sign.length
  }
  const [, beforeKey = '', assign = '', next = ''] = parts
  return { beforeKey, assign, next, end: shown.slice(at) }
}

function inlineArguments(probe: Probe, between: Between, open: string): FoundArguments | undefined {
  const close = CLOSING[open] ?? ''
  const quote = commonStart(between.next, between.end.slice(0, between.end.indexOf(close)))
  if (quote === '' || !between.assign.endsWith(quote)) return undefined
  const assign = between.assign.slice(0, between.assign.length - quote.length)
  const separator = between.next.slice(quote.length)
  const odd = `a'"\\b`
  const isRaw = quote.length > 1 || (probe([{ [KEYS[0]]: odd }]) ?? '').includes(quote + odd + quote)
  const syntax: InlineArguments = {
    type: 'inline',
    brackets: [open, close],
    assign,
    separator,
    quote,
    isRaw,
    isPython: printsPython(probe),
  }
  const find: FindArguments = (text, args, from) => {
    const [value] = Object.values(args)
    const at = text.indexOf(`${quote}${String(value)}${quote}`, from)
    const end = text.indexOf(close, at)
    return at < 0 || end < 0 ? undefined : { start: text.lastIndexOf(open, at), end: end + close.length }
  }
  return { syntax, find }
}

const printsPython = (probe: Probe): boolean => (probe([{ [KEYS[0]]: true }]) ?? '').includes('True')

function taggedArguments(
  probe: Probe,
  { beforeKey, assign, next, end }: Between,
): FoundArguments | undefined {
  const afterValue = commonStart(next, end)
  const onward = next.slice(afterValue.length)
  const before = commonEnd(onward, beforeKey)
  if (afterValue.trim() === '' || before.trim() === '') return undefined
  const beforeValue = Object.fromEntries(
    VALUE_KINDS.map((kind) => [
      kind,
      kind === 'string' ? assign : (shownBefore(probe, kind, afterValue) ?? assign),
    ]),
  ) as Record<ValueKind, string>
  const separator = onward.slice(0, onward.length - before.length)
  const syntax: TaggedArguments = {
    type: 'tagged',
    beforeKey: before,
    beforeValue,
    afterValue,
    separator,
    isPython: printsPython(probe),
  }
  const find: FindArguments = (text, args, from) => {
    const [entry] = Object.entries(args)
    const [key, value] = entry ?? ['', '']
    const start = text.indexOf(before + key, from)
    const at = text.indexOf(String(value) + afterValue, start)
    return start < 0 || at < 0 ? undefined : { start, end: at + String(value).length + afterValue.length }
  }
  return { syntax, find }
}

/** A value of each kind, and how it may be printed. */
const SAMPLES: Readonly<Record<Exclude<ValueKind, 'string'>, readonly [value: unknown, printed: RegExp]>> = {
  number: [734501, /734501/],
  boolean: [true, /[Tt]rue/],
  null: [null, /null|None/],
  array: [[734501], /\[\s*734501\s*\]/],
  object: [{ inner: 734501 }, /\{\s*["']?inner["']?\s*:\s*734501\s*\}/],
}

/** What stands between a key and a value of that kind. */
function shownBefore(
  probe: Probe,
  kind: Exclude<ValueKind, 'string'>,
  afterValue: string,
): string | undefined {
  const [value, printed] = SAMPLES[kind]
  const shown = probe([{ [KEYS[0]]: value }])
  const at = shown?.indexOf(KEYS[0]) ?? -1
  if (shown === undefined || at < 0) return undefined
  const behindKey = shown.slice(at + KEYS[0].length)
  const end = behindKey.indexOf(afterValue)
  const text = end < 0 ? behindKey : behindKey.slice(0, end)
  // The kind may be named before the value is, in the same word.
  const found = [...text.matchAll(new RegExp(printed, 'g'))].at(-1)
  return found === undefined ? undefined : text.slice(0, found.index)
}
