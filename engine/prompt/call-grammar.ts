import { EngineError } from '../errors.ts'
import type { Tool } from '../types.ts'
import { type ArgumentStyle, argumentMembers } from './grammar/argument-members.ts'
import { withEffort } from './grammar/effort.ts'
import { type GrammarBuilder, GrammarLimit, grammarBuilder, literal, sequence } from './grammar/gbnf.ts'
import { inlineStyle } from './grammar/inline-style.ts'
import { JSON_RULE_NAMES, jsonRules } from './grammar/json-rules.ts'
import { joined, jsonItems, markItems } from './grammar/marks.ts'
import { schemaRule } from './grammar/schema.ts'
import { taggedStyle } from './grammar/tagged-style.ts'
import { joinedTexts, openingBehind } from './tool-format/opening.ts'
import type { Marks, ToolCallFormat } from './tool-format/types.ts'

/** Which tools may be called, and how many calls there may be. */
export interface CallRules {
  tools: readonly Tool[]
  choice: 'auto' | 'required' | { name: string }
  /** More than one call may stand in an answer. */
  isParallel: boolean
}

/**
 * Calls as rules of a grammar: to the named tool when one is named, else one or, where calls may be parallel, more to
 * any. Arguments follow the tool's schema; where no grammar can, they are anything, unless the tool says `strict`.
 * `isBehindTrigger`: without the text that the calls are known by. Throws EngineError `bad_request` when there is no
 * such tool and `bad_format` for a strict tool whose schema cannot be kept to.
 */
export function callRules(
  grammar: GrammarBuilder,
  { tools, choice, isParallel }: CallRules,
  format: ToolCallFormat,
  isBehindTrigger: boolean,
): string {
  const isNamed = typeof choice === 'object'
  const wanted = isNamed ? tools.filter((tool) => tool.function.name === choice.name) : tools
  if (wanted.length === 0) {
    const name = isNamed ? `'${choice.name}'` : 'any'
    throw new EngineError('bad_request', `tool_choice asks for ${name}, which is not among the tools`)
  }
  const blank = jsonRules(grammar)('ws')
  const isObject = format.object !== undefined
  const { section, call } = format

  /** White space is free around what is JSON. */
  const free = isObject ? [blank] : []

  /** What calls are known by is written exactly so. */
  function items(marks: Marks): string[] {
    const [first = '', ...others] = marks
    const trigger = format.triggers.at(-1)
    const at = trigger === undefined || typeof first !== 'string' ? -1 : first.indexOf(trigger)
    if (at < 0 || trigger === undefined || typeof first !== 'string') return looseItems(marks)
    const end = at + trigger.length
    const known = first.slice(0, end)
    const lead = known.slice(0, known.length - known.trimStart().length)
    return [
      ...markItems([lead], blank),
      literal(known.trimStart()),
      ...looseItems([first.slice(end), ...others]),
    ]
  }

  function looseItems(marks: Marks): string[] {
    if (!isObject) return markItems(marks, blank)
    const { plain, json } = atFirst(marks, /["{}]/)
    return [...markItems(plain, blank), ...free, ...jsonItems(json, blank)]
  }

  const written = new Map<Tool, string>()
  function argumentsFor(tool: Tool): string {
    const rule = written.get(tool) ?? argumentsOf(grammar, tool, format)
    written.set(tool, rule)
    return rule
  }

  /** A call from behind its opening to its end. */
  function body(tool: Tool, opening: Marks): string {
    const name = tool.function.name
    const head: Marks = [...opening, isObject ? JSON.stringify(name).slice(1, -1) : name, ...call.between]
    const { before, behind } = afterLast(call.close, isObject ? '}' : '')
    const tail = isObject
      ? [...jsonItems(before, blank), ...markItems(behind, blank)]
      : markItems(call.close, blank)
    return joined([...items(joinedTexts(head)), argumentsFor(tool), ...tail], blank)
  }

  const alternatives = (hint: string, opening: Marks) =>
    grammar.rule(hint, wanted.map((tool) => body(tool, opening)).join(' | '))

  const opening = isBehindTrigger ? openingBehind(format) : [...section.open, ...call.open]
  const first = alternatives('call', opening)
  const isMore = isParallel && !isNamed && (format.isParallel || section.close.length === 0)
  const next = isMore ? alternatives('next-call', call.open) : ''
  const between = joined([...free, ...markItems([format.separator], blank), ...free], blank)
  const further = isMore ? `(${sequence(between === '' ? blank : between, next)})*` : ''
  const end = joined([...free, ...markItems(section.close, blank)], blank)
  return sequence(first, further, section.close.length === 0 ? '' : end)
}

/** Marks cut in two before the first sign of JSON. */
function atFirst(marks: Marks, sign: RegExp): { plain: Marks; json: Marks } {
  const place = marks.findIndex((mark) => typeof mark === 'string' && sign.test(mark))
  const text = marks[place]
  if (typeof text !== 'string') return { plain: marks, json: [] }
  const at = text.search(sign)
  return {
    plain: [...marks.slice(0, place), text.slice(0, at)],
    json: [text.slice(at), ...marks.slice(place + 1)],
  }
}

/** Marks cut in two behind the last of a sign. */
function afterLast(marks: Marks, sign: string): { before: Marks; behind: Marks } {
  const place =
    sign === '' ? -1 : marks.findLastIndex((mark) => typeof mark === 'string' && mark.includes(sign))
  const text = marks[place]
  if (typeof text !== 'string') return { before: [], behind: marks }
  const at = text.lastIndexOf(sign) + sign.length
  return {
    before: [...marks.slice(0, place), text.slice(0, at)],
    behind: [text.slice(at), ...marks.slice(place + 1)],
  }
}

function argumentsOf(grammar: GrammarBuilder, tool: Tool, format: ToolCallFormat): string {
  const schema = tool.function.parameters ?? {}
  const isStrict = Reflect.get(tool.function, 'strict') === true
  try {
    // Tried on the side first: a schema that fails half-way leaves rules behind that need others.
    bounded(() => argumentsRule(grammarBuilder(JSON_RULE_NAMES), schema, format))
  } catch (error) {
    if (!(error instanceof EngineError) || isStrict) throw error
    return argumentsRule(grammar, {}, format)
  }
  return bounded(() => argumentsRule(grammar, schema, format))
}

/** With an account of its own for the work. Throws EngineError `bad_format` when it takes more. */
function bounded(write: () => string): string {
  try {
    return withEffort(write)
  } catch (error) {
    if (!(error instanceof GrammarLimit || error instanceof RangeError)) throw error
    throw new EngineError('bad_format', `the tool's schema is too large: ${error.message}`, { cause: error })
  }
}

function argumentsRule(
  grammar: GrammarBuilder,
  schema: Record<string, unknown>,
  { arguments: syntax }: ToolCallFormat,
): string {
  const json = jsonRules(grammar)
  switch (syntax.type) {
    case 'json':
      // A string of JSON is read as the object it holds, and only the object can be held to a schema.
      return Object.keys(schema).length === 0 ? json('object') : schemaRule(grammar, schema)
    case 'tagged':
      return membersOf(
        grammar,
        schema,
        taggedStyle(grammar, syntax, json('ws')),
        '',
        /\s$/.test(syntax.afterValue) ? json('ws') : '',
      )
    case 'inline': {
      const [open, close] = syntax.brackets
      return membersOf(
        grammar,
        schema,
        inlineStyle(grammar, syntax, json('ws')),
        literal(open),
        literal(close),
      )
    }
  }
}

function membersOf(
  grammar: GrammarBuilder,
  schema: Record<string, unknown>,
  style: ArgumentStyle,
  open: string,
  close: string,
): string {
  return grammar.rule('arguments', sequence(open, argumentMembers(grammar, schema, style), close) || '""')
}
