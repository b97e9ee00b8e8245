import type { Tool } from '../types.ts'
import { bracketScan } from './bracket-scan.ts'
import { objectCutter } from './json-objects.ts'
import { looseValue } from './loose-value.ts'
import { taggedReader } from './tagged-arguments.ts'
import { parsedObject } from './tool-call-json.ts'
import type { InlineArguments, Marks, ToolCallFormat } from './tool-format/types.ts'

/** Reads the arguments of one call out of a growing text. */
export interface ArgumentReader {
  /** Undefined while they go on. */
  take(text: string): ReadArguments | undefined
}

export interface ReadArguments {
  /** Undefined when they cannot be read. */
  args: Record<string, unknown> | undefined
  rest: string
  /** Which of the endings was read too; -1 when none. */
  ending: number
}

/** A reader for arguments of a call to `tool` that one of `endings` follows. */
export function argumentReader(
  format: ToolCallFormat,
  tool: Tool,
  endings: readonly Marks[],
): ArgumentReader {
  switch (format.arguments.type) {
    case 'json':
      return jsonReader()
    case 'tagged':
      return taggedReader(format.arguments, tool, endings)
    case 'inline':
      return inlineReader(format.arguments)
  }
}

function jsonReader(): ArgumentReader {
  const cutter = objectCutter()
  let hasBegun = false
  return {
    take(text) {
      const begun = hasBegun ? text : text.trimStart()
      if (begun === '') return undefined
      if (!hasBegun && !begun.startsWith('{')) return { args: undefined, rest: text, ending: -1 }
      hasBegun = true
      const found = cutter.take(begun)
      return found && { args: parsedObject(found.object), rest: found.rest, ending: -1 }
    },
  }
}

/** Strings of Python besides those of the model's own. */
const QUOTES = ['"', "'"]

function inlineReader({ brackets, quote, isRaw }: InlineArguments): ArgumentReader {
  const isOwn = quote.length > 1
  const isRawText = isRaw && !isOwn
  const scan = bracketScan({ quotes: isOwn ? [quote, '"'] : QUOTES, isRaw: isRawText })
  let read = ''

  function membersIn(text: string): Record<string, unknown> | undefined {
    const value = looseValue(text, { isRaw: isRawText, ...(isOwn ? { quote } : {}) })
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  }

  return {
    take(text) {
      const begun = read === '' ? text.trimStart() : text
      if (begun === '') return undefined
      if (read === '' && !begun.startsWith(brackets[0])) return { args: undefined, rest: text, ending: -1 }
      for (let at = 0; at < begun.length; at++) {
        if (!scan.take(begun.charAt(at))) continue
        return { args: membersIn(read + begun.slice(0, at + 1)), rest: begun.slice(at + 1), ending: -1 }
      }
      read += begun
      return undefined
    },
  }
}
