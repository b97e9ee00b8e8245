import type { Tool } from '../types.ts'
import { type ArgumentReader, argumentReader } from './argument-reader.ts'
import { type Choice, choiceOf, isBlank } from './mark-matcher.ts'
import type { ParsedCall } from './tool-call-json.ts'
import type { Marks, ToolCallFormat } from './tool-format/types.ts'

/** Reads the calls of one block. */
export interface CallBlock {
  /** Undefined when more text is needed. After calls the rest is to be taken too. */
  take(text: string): BlockEvent | undefined
}

/**
 * `whole`: the block is read to its end; `none`: no call begins here; `lost`: what follows the name of a call is in no
 * order that is known. `rest` is what has not been read; with `none` it does not matter.
 */
export type BlockEvent =
  | { type: 'calls'; calls: readonly ParsedCall[]; rest: string }
  | { type: 'whole' | 'none' | 'lost'; rest: string }

/**
 * Calls whose name stands outside of JSON, in the order of the format's marks: opening, name, arguments, ending, and
 * so on. `opening` is what is still expected of the first opening.
 */
export function callBlock(format: ToolCallFormat, tools: readonly Tool[], opening: Marks): CallBlock {
  const { section, call } = format
  const isBare = format.triggers.length === 0
  const hasSection = !isBlank(section.open) || !isBlank(section.close) || isBare
  const further: Marks = [format.separator, ...call.open]
  const ends: Marks[] = [section.close, format.close === undefined ? [] : [format.close]].filter(
    (marks) => !isBlank(marks),
  )
  /** What a call ends with, and how many of these do not end the block too. */
  const endings = [...(isBlank(call.close) ? [] : [call.close]), ...ends]
  const inner = isBlank(call.close) || !hasSection ? 0 : 1

  let step: (text: string) => string | undefined = isBlank(opening) ? readName : readOpening
  let choice: Choice = choiceOf([opening])
  let reader: ArgumentReader | undefined
  let tool: Tool | undefined
  let pending: ParsedCall | undefined
  let held = ''
  let end: 'whole' | 'none' | 'lost' | undefined
  let finished: ParsedCall | undefined
  /** After the first call, what is odd is not an answer in plain text any more. */
  let hasCall = false

  function readOpening(text: string): string | undefined {
    const found = choice.take(text)
    if (found === undefined) return undefined
    if (found.which < 0) end = 'none'
    step = readName
    return found.rest
  }

  function readName(text: string): string | undefined {
    const found = nameAt(text, tools)
    if (found === undefined) {
      held = text.trimStart()
      return undefined
    }
    tool = found.tool
    if (tool === undefined) {
      end = 'none'
      return text
    }
    choice = choiceOf([call.between])
    step = isBlank(call.between) ? readArguments : readBetween
    return found.rest
  }

  function readBetween(text: string): string | undefined {
    const found = choice.take(text)
    if (found === undefined) return undefined
    if (found.which < 0) end = 'none'
    step = readArguments
    return found.rest
  }

  function readArguments(text: string): string | undefined {
    if (tool === undefined) return undefined
    reader ??= argumentReader(format, tool, endings)
    const found = reader.take(text)
    if (found === undefined) return undefined
    reader = undefined
    if (found.args === undefined) {
      end = 'lost'
      return found.rest
    }
    pending = { name: tool.function.name, arguments: found.args }
    if (found.ending >= 0) finishCall(found.ending)
    else if (isBlank(call.close)) finishCall(-1)
    else {
      choice = choiceOf(endings)
      step = readEnding
    }
    return found.rest
  }

  function readEnding(text: string): string | undefined {
    const found = choice.take(text)
    if (found === undefined) return undefined
    if (found.which < 0) end = 'lost'
    else finishCall(found.which)
    return found.rest
  }

  function finishCall(ending: number): void {
    finished = pending
    pending = undefined
    hasCall = true
    if (ending >= inner || !hasSection) {
      end = 'whole'
      return
    }
    step = isBlank(further) && ends.length === 0 ? readName : readFurther
    choice = choiceOf([further, ...ends].filter((marks) => !isBlank(marks)))
  }

  function readFurther(text: string): string | undefined {
    const found = choice.take(text)
    if (found === undefined) return undefined
    const isNext = !isBlank(further) && found.which === 0
    if (isNext || (found.which < 0 && isBlank(further))) step = readName
    else end = 'whole'
    return found.rest
  }

  return {
    take(text) {
      let rest: string | undefined = held + text
      held = ''
      while (rest !== undefined && rest !== '' && end === undefined && finished === undefined)
        rest = step(rest)
      if (finished !== undefined) {
        const calls = [finished]
        finished = undefined
        return { type: 'calls', calls, rest: rest ?? '' }
      }
      if (end === undefined) return undefined
      return { type: end === 'none' && hasCall ? 'whole' : end, rest: rest ?? '' }
    },
  }
}

/** The longest name of a tool that stands here; no `tool` when none does, undefined when more text is needed. */
function nameAt(text: string, tools: readonly Tool[]): { tool: Tool | undefined; rest: string } | undefined {
  const begun = text.trimStart()
  const couldGrow = tools.some(
    ({ function: { name } }) => name.length >= begun.length && name.startsWith(begun),
  )
  if (couldGrow) return undefined
  const found = tools
    .filter(({ function: { name } }) => begun.startsWith(name) && !/[\w-]/.test(begun.charAt(name.length)))
    .toSorted((a, b) => b.function.name.length - a.function.name.length)[0]
  return { tool: found, rest: begun.slice(found?.function.name.length ?? 0) }
}
