import { objectCutter } from '../json-objects.ts'
import { looseValue } from '../loose-value.ts'
import { NAME } from './probe.ts'

/** Where arguments stand in a text. */
export interface Span {
  start: number
  end: number
}

export type FindArguments = (text: string, args: Record<string, unknown>, from: number) => Span | undefined

/** Brackets that are tried. */
const MAX_TRIES = 200

/** The first JSON object that is these arguments; one as Python prints it counts too. */
export const jsonObject: FindArguments = (text, args, from) => {
  const wanted = JSON.stringify(args)
  return firstOf(text, '{', from, (start) => {
    const found = objectCutter().take(text.slice(start))
    const end = text.length - (found?.rest.length ?? 0)
    return found !== undefined && isSame(found.object, wanted) ? { start, end } : undefined
  })
}

function isSame(object: string, wanted: string): boolean {
  const value = parsed(object)
  if (value !== undefined) return JSON.stringify(value) === wanted
  // Quotes of some kind must be around keys, or this is a syntax of its own.
  if (!/^\{\s*(?:\}|')/.test(object)) return false
  return JSON.stringify(looseValue(object)) === wanted
}

/** The first JSON string that holds these arguments as JSON. */
export const jsonText: FindArguments = (text, args, from) => {
  const wanted = JSON.stringify(args)
  return firstOf(text, '"', from, (start) => {
    const string = /^"(?:[^"\\]|\\.)*"/.exec(text.slice(start))?.[0]
    const inner = string === undefined ? undefined : parsed(string)
    if (string === undefined || typeof inner !== 'string') return undefined
    return JSON.stringify(parsed(inner)) === wanted ? { start, end: start + string.length } : undefined
  })
}

function firstOf(
  text: string,
  sign: string,
  from: number,
  spanAt: (start: number) => Span | undefined,
): Span | undefined {
  let tries = 0
  for (let at = text.indexOf(sign, from); at >= 0 && tries < MAX_TRIES; at = text.indexOf(sign, at + 1)) {
    tries += 1
    const span = spanAt(at)
    if (span !== undefined) return span
  }
  return undefined
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // What is not JSON is looked at in other ways.
    return undefined
  }
}

/** What one printed call consists of. */
export interface CallPieces {
  /** Before the name, between name and arguments, behind the arguments. */
  open: string
  between: string
  close: string
  /** The arguments come first; `between` is then what stands behind them, up to the name. */
  isReversed: boolean
}

export function piecesOf(text: string, span: Span): CallPieces | undefined {
  const before = text.lastIndexOf(NAME, span.start)
  if (before >= 0) {
    const [open, between, close] = [
      text.slice(0, before),
      text.slice(before + 1, span.start),
      text.slice(span.end),
    ]
    return { open, between, close, isReversed: false }
  }
  const behind = text.indexOf(NAME, span.end)
  if (behind < 0) return undefined
  const [open, between, close] = [
    text.slice(0, span.start),
    text.slice(span.end, behind),
    text.slice(behind + 1),
  ]
  return { open, between, close, isReversed: true }
}

/** The innermost JSON object that holds both the name and the arguments, when the call is one. */
export function objectAround(
  text: string,
  span: Span,
): { value: Record<string, unknown>; start: number } | undefined {
  const name = text.includes(NAME) ? text.indexOf(NAME) : 0
  const first = Math.min(name, span.start)
  for (let at = text.lastIndexOf('{', first - 1), tries = 0; at >= 0 && tries < MAX_TRIES; tries++) {
    const object = objectCutter().take(text.slice(at))?.object
    const value = object?.includes(NAME) ? parsed(object) : undefined
    if (value !== undefined) return { value: value as Record<string, unknown>, start: at }
    at = at === 0 ? -1 : text.lastIndexOf('{', at - 1)
  }
  return undefined
}
