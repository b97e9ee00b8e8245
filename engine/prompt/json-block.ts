import type { BlockEvent, CallBlock } from './call-block.ts'
import { type ObjectCutter, objectCutter } from './json-objects.ts'
import { heldBack } from './partial-tag.ts'
import { announcedCall, callsInJson, type ParsedCall } from './tool-call-json.ts'
import type { Marks, ToolCallFormat } from './tool-format/types.ts'

/**
 * Calls whose arguments are JSON: objects that are a call each, or that follow the name of a tool. What stands between
 * them does not matter, up to the closing tag. `opening` is what is still expected of the first opening.
 */
export function jsonBlock(format: ToolCallFormat, names: readonly string[], opening: Marks): CallBlock {
  const { close } = format
  const isHead = headCheck(format, names, opening)
  let object: ObjectCutter | undefined
  /** What stands before the next object: the name of the tool may be there. */
  let before = ''
  /** The end of the text, when it may be the beginning of the closing tag. */
  let held = ''
  let isFirst = true
  let event: BlockEvent | undefined

  function outside(text: string): string | undefined {
    const brace = text.indexOf('{')
    const reach = brace >= 0 ? text.slice(0, brace) : text
    const closed = close === undefined ? -1 : reach.indexOf(close)
    if (close !== undefined && closed >= 0) {
      event = { type: 'whole', rest: text.slice(closed + close.length) }
      return undefined
    }
    const safe = brace >= 0 || close === undefined ? reach.length : text.length - heldBack(text, close)
    before += reach.slice(0, safe)
    if (isFirst && !isHead(reach.slice(0, safe), brace >= 0)) {
      event = { type: 'none', rest: '' }
      return undefined
    }
    if (brace >= 0) {
      object = objectCutter()
      return text.slice(brace)
    }
    held = text.slice(safe)
    return undefined
  }

  function inside(cutter: ObjectCutter, text: string): string | undefined {
    const found = cutter.take(text)
    if (found === undefined) return undefined
    object = undefined
    isFirst = false
    const calls = callsIn(found.object)
    before = ''
    if (calls.length > 0) event = { type: 'calls', calls, rest: found.rest }
    return found.rest
  }

  function callsIn(json: string): ParsedCall[] {
    if (format.object !== undefined) return callsInJson(json, before, names, format.object)
    const announced = announcedCall(json, before, names)
    if (announced !== undefined) return [announced]
    // A name that is no tool's was there.
    return isNameless(before, format) ? callsInJson(json, '', names) : []
  }

  return {
    take(text) {
      let rest: string | undefined = held + text
      held = ''
      event = undefined
      while (rest !== undefined && rest !== '' && event === undefined) {
        rest = object === undefined ? outside(rest) : inside(object, rest)
      }
      return event
    },
  }
}

/** Nothing but the format's own marks, brackets and white space. */
function isNameless(before: string, { call, separator, section }: ToolCallFormat): boolean {
  const marks = [section.open, call.open, call.close, [separator]].flat()
  const texts = marks
    .flatMap((mark) => (typeof mark === 'string' ? mark.split(/\s+/) : []))
    .filter((word) => word !== '')
  const left = texts
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, word) => rest.replaceAll(word, ' '), before)
  return !/[\p{L}\p{N}]/u.test(left)
}

/**
 * Whether what has been read behind the tag can be the beginning of calls: a bracket, what the template puts there, the
 * name of a tool, or a fence of Markdown. So a text that speaks of the tag does not wait for the end of the answer.
 */
function headCheck(
  format: ToolCallFormat,
  names: readonly string[],
  opening: Marks,
): (text: string, isObjectNext: boolean) => boolean {
  const first = opening.find((mark) => typeof mark === 'string' && mark.trim() !== '')
  const mark = typeof first === 'string' ? withoutBlanks(first).replace(/[{[].*$/s, '') : ''
  const isAnnounced = format.object === undefined
  const heads = [
    '[',
    '```',
    mark.replace(/[{[].*$/s, ''),
    ...(isAnnounced || mark === '' ? names : []),
  ].filter((head) => head !== '')
  let read = ''
  let isSettled = false
  return (text, isObjectNext) => {
    if (isSettled) return true
    read += withoutBlanks(text)
    if (read === '') return true
    if (heads.some((head) => read.startsWith(head))) isSettled = true
    return isSettled || (!isObjectNext && heads.some((head) => head.startsWith(read)))
  }
}

const withoutBlanks = (text: string): string => text.replace(/\s+/g, '')
