import type { Tool } from '../types.ts'
import type { ParsedCall } from './tool-call-json.ts'

/**
 * How models that do not write JSON write a call inside their tags.
 * - `function-tags`: `<function=NAME><parameter=KEY>VALUE</parameter></function>`
 * - `invoke`: `<invoke name="NAME"><parameter name="KEY">VALUE</parameter></invoke>`
 * - `arg-pairs`: `NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>`
 */
export type Markup = 'function-tags' | 'invoke' | 'arg-pairs'

/** What stands before and behind the parts of a call. */
interface Marks {
  name: readonly [before: string, behind: string]
  callEnd: string | undefined
  key: readonly [before: string, behind: string]
  /** Between key and value, beside white space. */
  beforeValue: string
  valueEnd: string
}

const MARKS: Record<Markup, Marks> = {
  'function-tags': {
    name: ['<function=', '>'],
    callEnd: '</function>',
    key: ['<parameter=', '>'],
    beforeValue: '',
    valueEnd: '</parameter>',
  },
  invoke: {
    name: ['<invoke name="', '">'],
    callEnd: '</invoke>',
    key: ['<parameter name="', '">'],
    beforeValue: '',
    valueEnd: '</parameter>',
  },
  'arg-pairs': {
    name: ['', '<arg_key>'],
    callEnd: undefined,
    key: ['<arg_key>', '</arg_key>'],
    beforeValue: '<arg_value>',
    valueEnd: '</arg_value>',
  },
}

/**
 * The calls to known tools between one pair of tags. Values become what the tool's schema asks for. `isClosed`: the
 * closing tag was there; without it a call counts only when it has an end of its own. Time is linear.
 */
export function callsInMarkup(
  text: string,
  markup: Markup,
  tools: readonly Tool[],
  isClosed: boolean,
): ParsedCall[] {
  const marks = MARKS[markup]
  return bodies(text, marks).flatMap(({ name, body, isWhole }) => {
    const tool = tools.find((each) => each.function.name === name)
    if (tool === undefined || !(isWhole || isClosed)) return []
    const pairs = parameters(body, marks).map(([key, value]) => [key, typed(value, schemaOf(tool, key))])
    return [{ name, arguments: Object.fromEntries(pairs) }]
  })
}

interface Body {
  name: string
  body: string
  isWhole: boolean
}

function bodies(text: string, { name: [before, behind], callEnd }: Marks): Body[] {
  if (callEnd === undefined) {
    const at = text.indexOf(behind)
    const end = at < 0 ? text.length : at
    return [{ name: text.slice(0, end).trim(), body: text.slice(end), isWhole: false }]
  }
  const found: Body[] = []
  const endOf = finder(text, callEnd)
  for (let at = text.indexOf(before); at >= 0; ) {
    const nameEnd = text.indexOf(behind, at)
    if (nameEnd < 0) break
    const end = endOf(nameEnd)
    found.push({
      name: text.slice(at + before.length, nameEnd).trim(),
      body: text.slice(nameEnd + behind.length, end),
      isWhole: end < text.length,
    })
    at = text.indexOf(before, end)
  }
  return found
}

/** A value whose end is missing goes on to the next key. */
function parameters(
  body: string,
  { key: [before, behind], beforeValue, valueEnd }: Marks,
): [string, string][] {
  const found: [string, string][] = []
  const nextKey = finder(body, before)
  const endOf = finder(body, valueEnd)
  for (let at = nextKey(0); at < body.length; ) {
    const keyEnd = body.indexOf(behind, at)
    if (keyEnd < 0) break
    const start = keyEnd + behind.length
    const end = Math.min(endOf(start), nextKey(start))
    const value = body.slice(start, end)
    const opened = value.trimStart().startsWith(beforeValue)
    found.push([
      body.slice(at + before.length, keyEnd).trim(),
      withoutFrame(opened ? value.slice(value.indexOf(beforeValue) + beforeValue.length) : value),
    ])
    at = nextKey(end)
  }
  return found
}

/** Where a mark stands next, from growing places; the end of the text when nowhere. Looks at each character once. */
function finder(text: string, mark: string): (from: number) => number {
  let next = -1
  return (from) => {
    if (next < from) {
      const at = text.indexOf(mark, from)
      next = at < 0 ? text.length : at
    }
    return next
  }
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

/** Python's spellings are common among models that learned from code. */
const LITERALS: Record<string, unknown> = { True: true, False: false, None: null }

/** Text stays text where the schema says string; elsewhere it is read as JSON when it is JSON. */
function typed(value: string, schema: unknown): unknown {
  const type = typeof schema === 'object' && schema !== null ? Reflect.get(schema, 'type') : undefined
  if (type === 'string') return value
  if (Object.hasOwn(LITERALS, value)) return LITERALS[value]
  try {
    return JSON.parse(value)
  } catch {
    // What is not JSON is text, whatever the schema hopes for.
    return value
  }
}
