import type { Tool } from '../types.ts'
import type { ParsedCall } from './tool-call-json.ts'

/**
 * How models that do not write JSON write a call inside their tags.
 * - `function-tags`: `<function=NAME><parameter=KEY>VALUE</parameter></function>`
 * - `invoke`: `<invoke name="NAME"><parameter name="KEY">VALUE</parameter></invoke>`
 * - `arg-pairs`: `NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>`
 */
export type Markup = 'function-tags' | 'invoke' | 'arg-pairs'

interface Grammar {
  /** Captures a call's name and body. */
  call: RegExp
  /** Captures a parameter's key and value. */
  parameter: RegExp
  /** What a whole call ends with; none where only the tag behind it can tell. */
  end: string | undefined
}

const GRAMMARS: Record<Markup, Grammar> = {
  'function-tags': {
    call: /<function=([^>\s]+)>([\s\S]*?)(?:<\/function>|$)/g,
    parameter: /<parameter=([^>\s]+)>([\s\S]*?)(?:<\/parameter>|(?=<parameter=)|$)/g,
  },
  invoke: {
    call: /<invoke name="([^"]+)">([\s\S]*?)(?:<\/invoke>|$)/g,
    parameter: /<parameter name="([^"]+)">([\s\S]*?)(?:<\/parameter>|(?=<parameter name=)|$)/g,
  },
  'arg-pairs': {
    call: /^\s*([^\s<]+)([\s\S]*)$/g,
    parameter: /<arg_key>\s*([\s\S]*?)\s*<\/arg_key>\s*<arg_value>([\s\S]*?)(?:<\/arg_value>|$)/g,
  },
}

/** The calls to known tools between one pair of tags. Values become what the tool's schema asks for. */
export function callsInMarkup(text: string, markup: Markup, tools: readonly Tool[]): ParsedCall[] {
  const grammar = GRAMMARS[markup]
  return [...text.matchAll(grammar.call)].flatMap(([, name = '', body = '']) => {
    const tool = tools.find((each) => each.function.name === name)
    if (tool === undefined) return []
    const pairs = [...body.matchAll(grammar.parameter)].map(([, key = '', value = '']) => {
      return [key, typed(withoutFrame(value), schemaOf(tool, key))]
    })
    return [{ name, arguments: Object.fromEntries(pairs) }]
  })
}

/** Models put a line break on either side of a value; further white space is theirs. */
function withoutFrame(value: string): string {
  return value.replace(/^\r?\n/, '').replace(/\r?\n$/, '')
}

function schemaOf(tool: Tool, key: string): unknown {
  const properties = tool.function.parameters?.properties
  if (typeof properties !== 'object' || properties === null) return undefined
  return Object.hasOwn(properties, key) ? Reflect.get(properties, key) : undefined
}

/** Text stays text where the schema says string; elsewhere it is read as JSON when it is JSON. */
function typed(value: string, schema: unknown): unknown {
  const type = typeof schema === 'object' && schema !== null ? Reflect.get(schema, 'type') : undefined
  if (type === 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    // Python's spellings are common among models that learned from code.
    const literals: Record<string, unknown> = { True: true, False: false, None: null }
    return Object.hasOwn(literals, value) ? literals[value] : value
  }
}
