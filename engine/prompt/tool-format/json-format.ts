import type { ToolCallFormat } from './types.ts'

/** The habits of a model that writes calls as JSON objects. */
export interface JsonHabits {
  /** What stands before them; absent when nothing does. */
  open?: string
  close?: string | undefined
  argumentsKey?: 'arguments' | 'parameters'
  /** Brackets and commas around calls, not one block for each. */
  isList?: boolean
}

/** The format of calls that are `{"name": …, "arguments": …}`, between tags or bare. */
export function jsonFormat({
  open,
  close,
  argumentsKey = 'arguments',
  isList = false,
}: JsonHabits): ToolCallFormat {
  const before = open === undefined ? [] : [isList ? open : `${open}\n`]
  const behind = close === undefined ? [] : [isList ? close : `\n${close}`]
  const object = { open: ['{"name": "'], between: [`", "${argumentsKey}": `], close: ['}'] }
  return {
    triggers: open === undefined ? [] : [open],
    close,
    section: isList
      ? { open: [`${before.join('')}[`], close: [`]${behind.join('')}`] }
      : { open: [], close: [] },
    call: isList
      ? object
      : {
          open: [before.join('') + object.open.join('')],
          between: object.between,
          close: [`}${behind.join('')}`],
        },
    separator: isList ? ', ' : open === undefined ? '; ' : '\n',
    isParallel: true,
    object: { nameKey: 'name', argumentsKey },
    arguments: { type: 'json', isText: false },
  }
}
