import type { Tool } from '../types.ts'
import { type CallBlock, callBlock } from './call-block.ts'
import { type ObjectCutter, objectCutter } from './json-objects.ts'
import { callsInJson } from './tool-call-json.ts'
import type { Pieces } from './tool-call-pieces.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/** Looks for calls and hands what it finds to its Pieces. */
export interface CallFinder {
  push(text: string): void
  flush(): void
}

/** What may stand before the first object, and between two calls (Llama puts semicolons there). */
const OPENING = /^[\s[]*/
const BETWEEN = /^[\s[\],;]*/

/**
 * Calls that nothing announces. They must come first: an answer that begins with anything but a call makes that and
 * everything after it text.
 */
export function bareCalls(format: ToolCallFormat, tools: readonly Tool[], pieces: Pieces): CallFinder {
  const names = tools.map((tool) => tool.function.name)
  const isObject = format.object !== undefined
  const { leadIn } = format
  let state: 'start' | 'outside' | 'object' | 'block' | 'text' = 'start'
  let object: ObjectCutter = objectCutter()
  let block: CallBlock | undefined
  let held = ''
  /** What becomes text if it is no call. */
  let undecided = ''

  function step(text: string): string | undefined {
    switch (state) {
      case 'start':
        return begin(text)
      case 'outside':
        return skip(text)
      case 'object':
        return cut(text)
      case 'block':
        return readBlock(text)
      case 'text':
        pieces.text(text)
        return undefined
    }
  }

  function begin(text: string): string | undefined {
    const begun = text.trimStart()
    const isOpen =
      begun === '' || (leadIn !== undefined && begun.length < leadIn.length && leadIn.startsWith(begun))
    if (isOpen) {
      undecided += text.slice(0, text.length - begun.length)
      held = begun
      return undefined
    }
    const isLed = leadIn !== undefined && begun.startsWith(leadIn)
    const rest = isLed ? begun.slice(leadIn.length) : begun
    undecided += text.slice(0, text.length - rest.length)
    state = isObject ? 'outside' : 'block'
    return rest
  }

  function skip(text: string): string | undefined {
    const skipped = (pieces.hasCalls() ? BETWEEN : OPENING).exec(text)?.[0] ?? ''
    if (!pieces.hasCalls()) undecided += skipped
    const rest = text.slice(skipped.length)
    if (rest === '') return undefined
    if (rest.startsWith('{')) state = 'object'
    else giveUp()
    return rest
  }

  function cut(text: string): string | undefined {
    const found = object.take(text)
    if (found === undefined) {
      undecided += text
      return undefined
    }
    object = objectCutter()
    const calls = callsInJson(found.object, '', names, format.object)
    for (const call of calls) pieces.call(call)
    if (calls.length > 0) {
      undecided = ''
      state = 'outside'
      return found.rest
    }
    undecided += text.slice(0, text.length - found.rest.length)
    giveUp()
    return found.rest
  }

  /** One list of calls, or calls one after another. */
  function readBlock(text: string): string | undefined {
    block ??= callBlock(format, tools, [...format.section.open, ...format.call.open])
    const found = block.take(text)
    undecided += text
    if (found?.type === 'calls') {
      for (const call of found.calls) pieces.call(call)
      undecided = ''
      return found.rest
    }
    if (found === undefined) return undefined
    if (pieces.hasCalls()) {
      undecided = ''
      state = 'text'
      return found.type === 'whole' ? found.rest.trimStart() : found.rest
    }
    giveUp()
    return undefined
  }

  function giveUp(): void {
    state = 'text'
    pieces.text(undecided)
    undecided = ''
  }

  return {
    push(text) {
      let rest: string | undefined = held + text
      held = ''
      while (rest !== undefined && rest !== '') rest = step(rest)
    },
    flush() {
      undecided += held
      held = ''
      giveUp()
    },
  }
}
