import type { ArgumentSyntax, Marks, ToolCallFormat } from './types.ts'

/** A tag, or a word in brackets. */
const MARK = /^(?:<[^<>]*>|\[[A-Z_/]+\])/
const ANY_MARK = /<\/?[^<>\s][^<>]*>|\[\/?[A-Z_]+\]/g

/** The text before the first place that differs from call to call. */
const leading = (marks: Marks): string => (typeof marks[0] === 'string' ? marks[0] : '')

/**
 * What calls begin with, as far as it is certain to be there: the first tag, or all up to the name or the brackets of
 * JSON. A tag that other answers have around them needs more to tell a call. Undefined when it is only brackets.
 */
export function triggerOf(section: Marks, call: Marks, isObject: boolean, frame: string): string | undefined {
  const all = section.length > 1 ? leading(section) : leading(section) + leading(call)
  const text = (isObject ? all.slice(0, all.indexOf('{') < 0 ? all.length : all.indexOf('{')) : all).trim()
  // What each of the calls begins with tells nothing about where they all begin.
  const frames = /\p{L}/u.test(leading(section)) ? [frame, ...textsOf(call)] : [frame]
  const isElsewhere = (begun: string) => frames.some((each) => each.includes(begun))
  let length = 0
  let hasMark = false
  do {
    const rest = text.slice(length)
    const mark = MARK.exec(rest)?.[0]
    hasMark ||= mark !== undefined
    length += mark?.length ?? wordLength(rest)
    // Words alone are found in any text.
  } while (length < text.length && (isElsewhere(text.slice(0, length)) || !hasMark))
  const trigger = text.slice(0, length).replace(/[[({\s]+$/, '')
  return /[\p{L}\p{N}]/u.test(trigger) && !isElsewhere(trigger) ? text.slice(0, length).trim() : undefined
}

/** Up to the next tag. */
function wordLength(text: string): number {
  const at = text.slice(1).search(/<|\[[A-Z]/)
  return at < 0 ? text.length : at + 1
}

/**
 * What ends calls: the last mark behind all of them or, when they have nothing around them, behind one; more of that
 * text when the mark stands elsewhere too.
 */
export function closeOf(
  section: ToolCallFormat['section'],
  call: ToolCallFormat['call'],
  args: ArgumentSyntax,
): string | undefined {
  const isAround = /[\p{L}]/u.test(leading(section.open))
  const ending = textsOf(isAround ? section.close : [...call.close, ...section.close])
  const last = ending.at(-1) ?? ''
  const mark = marksIn(last).at(-1) ?? ending.flatMap(marksIn).at(-1)
  const others = [...textsOf([...section.open, ...call.open, ...call.between]), ...argumentTexts(args)]
  if (mark === undefined || !others.some((text) => text.includes(mark))) return mark
  const whole = last.trim()
  return others.some((text) => text.includes(whole)) ? undefined : whole
}

const textsOf = (marks: Marks): string[] => marks.filter((mark) => typeof mark === 'string')
const marksIn = (text: string): string[] => [...text.matchAll(ANY_MARK)].map(([mark]) => mark)

function argumentTexts(args: ArgumentSyntax): string[] {
  if (args.type === 'inline') return [args.quote]
  return args.type === 'json' ? [] : [args.beforeKey, ...Object.values(args.beforeValue), args.afterValue]
}

/** Every tag of a format: some vocabularies have control tokens for them. */
export function tagsOf({
  triggers,
  close,
  section,
  call,
  separator,
  arguments: args,
  leadIn,
}: ToolCallFormat): string[] {
  const marks = textsOf(
    [section.open, section.close, call.open, call.between, call.close, [separator]].flat(),
  )
  const whole = [...triggers, close, leadIn].filter((text) => text !== undefined)
  return [...new Set([...whole, ...[...marks, ...argumentTexts(args), ...triggers].flatMap(marksIn)])]
}
