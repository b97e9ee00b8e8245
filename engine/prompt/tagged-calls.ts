import type { Tool } from '../types.ts'
import type { CallFinder } from './bare-calls.ts'
import { type CallBlock, callBlock } from './call-block.ts'
import { jsonBlock } from './json-block.ts'
import { looseCalls } from './loose-calls.ts'
import { heldBack } from './partial-tag.ts'
import type { ParsedCall } from './tool-call-json.ts'
import type { Pieces } from './tool-call-pieces.ts'
import { openingBehind } from './tool-format/opening.ts'
import type { ToolCallFormat } from './tool-format/types.ts'
import { type UntilMark, untilMark } from './until-mark.ts'

/**
 * Calls between tags, or from a tag to the end when the format has no closing one. What stands between the tags and
 * is no call comes out as text, tags and all, unless there was a call before.
 */
export function taggedCalls(format: ToolCallFormat, tools: readonly Tool[], pieces: Pieces): CallFinder {
  const names = tools.map((tool) => tool.function.name)
  const isJson = format.arguments.type === 'json'
  let state: 'text' | 'block' | 'lost' = 'text'
  let block: CallBlock | undefined
  let end: UntilMark | undefined
  /** The end of the text seen so far, when it may be the beginning of a tag. */
  let held = ''
  let trigger = ''
  /** The block since its opening tag, or since the last call in it: to give back if it is no call. */
  let seen = ''
  let hasCalls = false

  function step(text: string): string | undefined {
    switch (state) {
      case 'text':
        return findBlock(text)
      case 'block':
        return readBlock(text)
      case 'lost':
        return readLost(text)
    }
  }

  function findBlock(text: string): string | undefined {
    const found = firstOf(format.triggers, text)
    const safe = found?.at ?? text.length - Math.max(...format.triggers.map((each) => heldBack(text, each)))
    if (!pieces.hasCalls()) pieces.text(text.slice(0, safe))
    if (found === undefined) {
      held = text.slice(safe)
      return undefined
    }
    trigger = found.trigger
    state = 'block'
    hasCalls = false
    seen = ''
    const opening = openingBehind(format)
    block = isJson ? jsonBlock(format, names, opening) : callBlock(format, tools, opening)
    return text.slice(found.at + trigger.length)
  }

  function report(call: ParsedCall): void {
    hasCalls = true
    pieces.call(call)
  }

  function readBlock(text: string): string | undefined {
    const found = block?.take(text)
    seen += text
    if (found === undefined) return undefined
    if (found.type === 'none') return reject()
    if (found.type === 'calls') {
      for (const call of found.calls) report(call)
      seen = ''
      return found.rest
    }
    seen = seen.slice(0, Math.max(0, seen.length - found.rest.length))
    return found.type === 'lost' ? lose(found.rest) : finish(found.rest)
  }

  /** No call begins behind the tag: it is looked for again in what followed, or JSON where that is not the habit. */
  function reject(): string {
    const rest = seen
    seen = ''
    if (!isJson && /^[\s[]*\{/.test(rest)) {
      block = jsonBlock({ ...format, object: { nameKey: undefined, argumentsKey: undefined } }, names, [])
      return rest
    }
    state = 'text'
    if (!pieces.hasCalls()) pieces.text(trigger)
    return rest
  }

  function finish(rest: string): string {
    state = 'text'
    if (!hasCalls && !pieces.hasCalls()) pieces.text(trigger + seen)
    seen = ''
    return rest
  }

  /** The order of marks is broken: the rest of the block is gathered, to be read with more patience. */
  function lose(rest: string): string | undefined {
    state = 'lost'
    end = format.close === undefined ? undefined : untilMark(format.close)
    return rest
  }

  function readLost(text: string): string | undefined {
    const found = end?.take(text)
    seen += found === undefined ? text : text.slice(0, Math.max(0, text.length - found.rest.length))
    if (found === undefined) return undefined
    salvage()
    return finish(found.rest)
  }

  function salvage(): void {
    const end = format.close === undefined ? -1 : seen.lastIndexOf(format.close)
    const calls = isJson ? [] : looseCalls(end < 0 ? seen : seen.slice(0, end), format, tools, end >= 0)
    for (const call of calls) report(call)
  }

  return {
    push(text) {
      let rest: string | undefined = held + text
      held = ''
      while (rest !== undefined && rest !== '') rest = step(rest)
    },
    flush() {
      if (state === 'text') {
        if (!pieces.hasCalls()) pieces.text(held)
      } else {
        salvage()
        finish('')
      }
      held = ''
    },
  }
}

function firstOf(triggers: readonly string[], text: string): { trigger: string; at: number } | undefined {
  return triggers
    .map((trigger) => ({ trigger, at: text.indexOf(trigger) }))
    .filter(({ at }) => at >= 0)
    .reduce<{ trigger: string; at: number } | undefined>(
      (best, each) => (best === undefined || each.at < best.at ? each : best),
      undefined,
    )
}
