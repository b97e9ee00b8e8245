import type { TaggedArguments, ValueKind } from '../tool-format/types.ts'
import type { Argument, ArgumentStyle } from './argument-members.ts'
import { narrowed } from './argument-members.ts'
import { type GrammarBuilder, literal, oneOf, sequence } from './gbnf.ts'
import { pythonWords } from './python-words.ts'
import { schemaRule } from './schema.ts'
import { plainTextRule } from './schema-string.ts'
import { isSchema } from './schema-types.ts'
import { listedTexts, resolvedText } from './text-schema.ts'

/**
 * Arguments between tags of their own. A string is any text that the schema allows and that does not hold the closing
 * tag; everything else is JSON. Where both may stand, text does not begin like JSON, so that it is read as it is meant.
 */
export function taggedStyle(grammar: GrammarBuilder, syntax: TaggedArguments, blank: string): ArgumentStyle {
  const end = syntax.afterValue
  const isClose = !/\s$/.test(end) && syntax.separator.trim() === syntax.separator
  const without = [escaped(end.trim())]

  function member(argument: Argument): string {
    const ways = variants(syntax).flatMap(({ before, kinds }) => {
      const here = kinds.filter((kind) => argument.kinds.includes(kind))
      if (here.length === 0) return []
      return [sequence(exact(before), grammar.rule('value', oneOf(valueRules(argument, here))))]
    })
    return sequence(
      exact(syntax.beforeKey),
      literal(argument.key),
      oneOf(ways.length === 0 ? [exact(syntax.beforeValue.string)] : ways),
      exact(end.trimEnd()),
    )
  }

  function valueRules(argument: Argument, kinds: readonly ValueKind[]): string[] {
    const others = kinds.filter((kind) => kind !== 'string')
    const words = syntax.isPython ? pythonWords(argument, others) : []
    const json = others.length === 0 ? [] : [schemaRule(grammar, narrowed(argument.schema, others)), ...words]
    if (!kinds.includes('string')) return json
    return [...json, textRule(argument, others.length === 0 ? without : [...without, LIKE_JSON])]
  }

  function textRule({ schema, path }: Argument, excluded: readonly string[]): string {
    const listed = isSchema(schema) ? listedTexts(schema) : undefined
    const isOk = (text: string) => excluded.every((pattern) => !new RegExp(pattern, 'u').test(text))
    if (listed !== undefined) return grammar.rule('listed', oneOf(listed.filter(isOk).map(literal)))
    return plainTextRule(grammar, isSchema(schema) ? resolvedText(schema) : {}, excluded, path)
  }

  const key = '[a-zA-Z_] [a-zA-Z0-9_-]{0,63}'
  const anyText = grammar.rule('text', plainTextRule(grammar, {}, without, '#'))
  const [first] = variants(syntax)
  return {
    member,
    free: sequence(exact(syntax.beforeKey), key, exact(first?.before ?? ''), anyText, exact(end.trimEnd())),
    between: sequence(isClose ? '' : blank, exact(syntax.separator.trim())),
  }
}

/** White space and all: a value begins right behind it. */
const exact = (text: string): string => (text === '' ? '' : literal(text))

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')

/** Beginnings of numbers, words and brackets that are read as a value, and white space. */
const LIKE_JSON = `^[-+.0-9tfnTFN"'({\\[\\s]`

interface Variant {
  before: string
  kinds: ValueKind[]
}

function variants({ beforeValue }: TaggedArguments): Variant[] {
  const found: Variant[] = []
  for (const [kind, before] of Object.entries(beforeValue) as [ValueKind, string][]) {
    const known = found.find((each) => each.before === before)
    if (known === undefined) found.push({ before, kinds: [kind] })
    else known.kinds.push(kind)
  }
  return found
}
