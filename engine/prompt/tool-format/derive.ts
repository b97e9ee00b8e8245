import { commonEnd, commonStart } from './align.ts'
import { memberArguments } from './derive-members.ts'
import { type CallPieces, jsonObject, jsonText, objectAround, piecesOf, type Span } from './locate.ts'
import { type FoundArguments, marksOf } from './marks.ts'
import { KEYS, NAME, type Probe, type Prober, TEXTS } from './probe.ts'
import { closeOf, triggerOf } from './trigger.ts'
import type { ToolCallFormat } from './types.ts'

const FIRST = { [KEYS[0]]: TEXTS[0] }
const SECOND = { [KEYS[1]]: TEXTS[1] }

/**
 * The format of the calls that a template prints; undefined when it prints none that could be read back. `idLength`: see
 * Slot.
 */
export function derivedFormat(
  { probe, frame, header, ending }: Prober,
  idLength: number | undefined,
): ToolCallFormat | undefined {
  const shown = probe([FIRST])
  const found = shown?.includes(NAME) ? argumentsIn(shown, probe) : undefined
  const span = shown === undefined ? undefined : found?.find(shown, FIRST, 0)
  const pieces = shown === undefined || span === undefined ? undefined : piecesOf(shown, span)
  if (shown === undefined || found === undefined || span === undefined || pieces === undefined)
    return undefined
  const object = objectKeys(shown, span, found)
  // Only in an object does the order not matter.
  if (pieces.isReversed && object === undefined) return undefined
  const parts = partsOf(pieces, found, probe([FIRST, SECOND]), header)
  const call = {
    open: marksOf(parts.open, parts.other?.open, idLength),
    between: marksOf(pieces.between, parts.other?.between, idLength),
    close: marksOf(parts.close, parts.other?.close, idLength),
  }
  const section = {
    open: marksOf(parts.before, undefined, idLength),
    close: marksOf(parts.behind, undefined, idLength),
  }
  const trigger = triggerOf(section.open, call.open, object !== undefined, frame)
  return {
    // A template may end the text of an answer before its calls, even an empty one.
    triggers: trigger === undefined ? [] : ending === '' ? [trigger] : [ending + trigger, trigger],
    close: closeOf(section, call, found.syntax),
    section,
    call: pieces.isReversed && object !== undefined ? inOrder(call, object) : call,
    separator: separatorOf(parts, object !== undefined),
    isParallel: parts.other !== undefined,
    object,
    arguments: found.syntax,
  }
}

function argumentsIn(shown: string, probe: Probe): FoundArguments | undefined {
  if (jsonObject(shown, FIRST, 0)) return { syntax: { type: 'json', isText: false }, find: jsonObject }
  if (jsonText(shown, FIRST, 0)) return { syntax: { type: 'json', isText: true }, find: jsonText }
  return memberArguments(probe)
}

function objectKeys(shown: string, span: Span, found: FoundArguments): ToolCallFormat['object'] {
  if (found.syntax.type !== 'json') return undefined
  const around = objectAround(shown, span)
  if (around === undefined) return undefined
  const entries = Object.entries(around.value)
  const args = JSON.stringify(FIRST)
  return {
    nameKey: entries.find(([, value]) => value === NAME)?.[0],
    argumentsKey: entries.find(
      ([key, value]) => key !== NAME && (value === args || JSON.stringify(value) === args),
    )?.[0],
  }
}

/** The marks of one call told from those around all calls, by a text with two. */
interface Parts {
  before: string
  open: string
  close: string
  separator: string
  behind: string
  /** What the second call has in these places; undefined when there is no second one. */
  other: { open: string; between: string; close: string } | undefined
}

function partsOf(
  first: CallPieces,
  { find }: FoundArguments,
  both: string | undefined,
  header: string,
): Parts {
  const alone: Parts = {
    before: '',
    open: first.open,
    close: first.close,
    separator: '',
    behind: '',
    other: undefined,
  }
  const span = both === undefined ? undefined : find(both, FIRST, 0)
  const next = both === undefined || span === undefined ? undefined : find(both, SECOND, span.end)
  if (both === undefined || span === undefined || next === undefined) return alone
  const head = piecesOf(both, span)
  const rest = both.slice(span.end)
  const tail = piecesOf(rest, { start: next.start - span.end, end: next.end - span.end })
  if (head === undefined || tail === undefined || first.isReversed || tail.isReversed) return alone
  const close = commonStart(tail.open, first.close)
  const onward = tail.open.slice(close.length)
  const open = commonEnd(onward, first.open)
  const separator = onward.slice(0, onward.length - open.length)
  if (isTurnBreak(separator, header)) return alone
  return {
    before: first.open.slice(0, first.open.length - open.length),
    open: first.open.slice(first.open.length - open.length),
    close: first.close.slice(0, close.length),
    separator,
    behind: first.close.slice(close.length),
    other: { open, between: tail.between, close },
  }
}

/** Some templates forget the commas of a list of objects; models do not. */
function separatorOf({ before, behind, separator }: Parts, isObject: boolean): string {
  const isList = isObject && before.trimEnd().endsWith('[') && behind.trimStart().startsWith(']')
  return isList && separator.trim() === '' ? ', ' : separator
}

const MAX_SEPARATOR = 40

/** A whole turn between two calls: the conversation was split for a template that takes one call at a time. */
function isTurnBreak(separator: string, header: string): boolean {
  const between = separator.trim()
  const isHeader = /\p{L}/u.test(between) && header.trimEnd().endsWith(between)
  return isHeader || separator.length > MAX_SEPARATOR || /<[^<>]*>[\s\S]*<[^<>]*>/.test(separator)
}

/** The marks of an object whose arguments the template prints before the name, the name first. */
function inOrder(
  call: ToolCallFormat['call'],
  { nameKey, argumentsKey }: NonNullable<ToolCallFormat['object']>,
): ToolCallFormat['call'] {
  const [before = ''] = call.open
  const opening = typeof before === 'string' ? before.slice(0, before.lastIndexOf('{')) : ''
  const last = call.close.at(-1)
  const closing = typeof last === 'string' ? last.slice(last.indexOf('}')) : '}'
  return {
    open: [`${opening}{${JSON.stringify(nameKey ?? 'name')}: "`],
    between: [`", ${JSON.stringify(argumentsKey ?? 'arguments')}: `],
    close: [closing],
  }
}
