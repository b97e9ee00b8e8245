import type { Tool } from '../types.ts'
import type { CallFinder } from './bare-calls.ts'
import { type ObjectCutter, objectCutter } from './json-objects.ts'
import { heldBack } from './partial-tag.ts'
import type { ToolCallFormat } from './tool-call-format.ts'
import { callsInJson, callsInObjects, type ParsedCall } from './tool-call-json.ts'
import { callsInMarkup } from './tool-call-markup.ts'
import type { Pieces } from './tool-call-pieces.ts'

/**
 * Calls between tags, or from a tag to the end when the format has no closing one. What stands between the tags and
 * is no call comes out as text, tags and all, unless there was a call before.
 */
export function taggedCalls(format: ToolCallFormat, tools: readonly Tool[], pieces: Pieces): CallFinder {
  const names = tools.map((tool) => tool.function.name)
  const close = format.close
  let state: 'text' | 'outside' | 'object' = 'text'
  let object: ObjectCutter = objectCutter()
  /** The end of the text seen so far, when it may be the beginning of a tag. */
  let held = ''
  /** The block since its opening tag, to give back if it is no call. */
  let block = ''
  /** The block since the last object in it: the name of the tool may stand there. */
  let before = ''
  let callsInBlock = 0

  function step(text: string): string | undefined {
    switch (state) {
      case 'text':
        return findBlock(text)
      case 'outside':
        return findObject(text)
      case 'object':
        return cutObject(text)
    }
  }

  function findBlock(text: string): string | undefined {
    const at = text.indexOf(format.open)
    const end = at >= 0 ? at : text.length - heldBack(text, format.open)
    if (!pieces.hasCalls()) pieces.text(text.slice(0, end))
    if (at < 0) {
      held = text.slice(end)
      return undefined
    }
    state = 'outside'
    block = format.open
    return text.slice(at + format.open.length)
  }

  function findObject(text: string): string | undefined {
    const brace = format.markup === undefined ? text.indexOf('{') : -1
    const reach = brace >= 0 ? text.slice(0, brace) : text
    const end = close === undefined ? -1 : reach.indexOf(close)
    if (close !== undefined && end >= 0) {
      seen(text.slice(0, end), true)
      finishBlock(close)
      return text.slice(end + close.length)
    }
    if (brace >= 0) {
      seen(reach, true)
      state = 'object'
      return text.slice(brace)
    }
    const safe = text.length - (close === undefined ? 0 : heldBack(text, close))
    seen(text.slice(0, safe), true)
    held = text.slice(safe)
    return undefined
  }

  function cutObject(text: string): string | undefined {
    const found = object.take(text)
    seen(found === undefined ? text : text.slice(0, text.length - found.rest.length), false)
    if (found === undefined) return undefined
    object = objectCutter()
    state = 'outside'
    report(callsInJson(found.object, before, names))
    before = ''
    return found.rest
  }

  function seen(text: string, isOutside: boolean): void {
    block += text
    if (isOutside) before += text
  }

  function report(calls: readonly ParsedCall[]): void {
    callsInBlock += calls.length
    for (const call of calls) pieces.call(call)
  }

  function finishBlock(ending: string): void {
    if (format.markup !== undefined) {
      // A forced call is JSON whatever the model's own habit is.
      const isJson = /^\s*[[{]/.test(before)
      report(
        isJson
          ? callsInObjects(before, names)
          : callsInMarkup(before, format.markup, tools, ending === close),
      )
    }
    if (callsInBlock === 0 && !pieces.hasCalls()) pieces.text(block + ending)
    state = 'text'
    object = objectCutter()
    block = ''
    before = ''
    callsInBlock = 0
  }

  return {
    push(text) {
      let rest: string | undefined = held + text
      held = ''
      while (rest !== undefined && rest !== '') rest = step(rest)
    },
    flush() {
      if (state !== 'text') finishBlock(held)
      else if (!pieces.hasCalls()) pieces.text(held)
      held = ''
    },
  }
}
