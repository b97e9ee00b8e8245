import { type ObjectCutter, objectCutter } from './json-objects.ts'
import { callsInJson } from './tool-call-json.ts'
import type { Pieces } from './tool-call-pieces.ts'

/** Looks for calls and hands what it finds to its Pieces. */
export interface CallFinder {
  push(text: string): void
  flush(): void
}

/** What may stand before the first object, and between two calls (Llama puts semicolons there). */
const OPENING = /^[\s[]*/
const BETWEEN = /^[\s[\],;]*/

/**
 * Calls written as bare JSON. They must come first: an answer that begins with anything but a bracket, or an object
 * that is no call, makes that and everything after it text.
 */
export function bareCalls(names: readonly string[], pieces: Pieces): CallFinder {
  let state: 'outside' | 'object' | 'text' = 'outside'
  let object: ObjectCutter = objectCutter()
  /** What becomes text if it is no call. */
  let undecided = ''

  function step(text: string): string | undefined {
    switch (state) {
      case 'outside':
        return skip(text)
      case 'object':
        return cut(text)
      case 'text':
        pieces.text(text)
        return undefined
    }
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
    const calls = callsInJson(found.object, '', names)
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

  function giveUp(): void {
    state = 'text'
    pieces.text(undecided)
    undecided = ''
  }

  return {
    push(text) {
      let rest: string | undefined = text
      while (rest !== undefined && rest !== '') rest = step(rest)
    },
    flush: giveUp,
  }
}
