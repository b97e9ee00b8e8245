import type { Marks, ToolCallFormat } from './types.ts'

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
  let length = 0
  let hasMark = false
  do {
    const rest = text.slice(length)
    const mark = MARK.exec(rest)?.[0]
    hasMark ||= mark !== undefined
    length += mark?.length ?? wordLength(rest)
    // Words alone are found in any text.
  } while (length < text.length && (frame.includes(text.slice(0, length)) || !hasMark))
  const trigger = text.slice(0, length).replace(/[[({\s]+$/, '')
  return /[\p{L}\p{N}]/u.test(trigger) && !frame.includes(trigger) ? text.slice(0, length).trim() : undefined
}

/** Up to the next tag. */
function wordLength(text: string): number {
  const at = text.slice(1).search(/<|\[[A-Z]/)
  return at < 0 ? text.length : at + 1
}

/** What ends calls: the last mark behind all of them or, when they have nothing around them, behind one. */
export function closeOf(
  section: ToolCallFormat['section'],
  call: ToolCallFormat['call'],
): string | undefined {
  const isAround = /[\p{L}]/u.test(leading(section.open))
  return lastMark(isAround ? section.close : [...call.close, ...section.close])
}

const lastMark = (marks: Marks): string | undefined =>
  marks
    .flatMap((part) => (typeof part === 'string' ? [...part.matchAll(ANY_MARK)].map(([mark]) => mark) : []))
    .at(-1)

/** Every tag of a format: some vocabularies have control tokens for them. */
export function tagsOf({
  triggers,
  close,
  section,
  call,
  separator,
  arguments: args,
}: ToolCallFormat): string[] {
  const marks = [section.open, section.close, call.open, call.between, call.close, [separator]].flat()
  const texts = marks.filter((part) => typeof part === 'string')
  const ofArguments =
    args.type === 'tagged'
      ? [args.beforeKey, ...Object.values(args.beforeValue), args.afterValue]
      : args.type === 'inline'
        ? [args.quote]
        : []
  const found = [...texts, ...ofArguments, ...triggers].flatMap((text) =>
    [...text.matchAll(ANY_MARK)].map(([tag]) => tag),
  )
  const all = [...triggers, ...(close === undefined ? [] : [close]), ...found]
  return [...new Set(all)]
}
