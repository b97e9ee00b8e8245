import type { InlineArguments, ValueKind } from '../tool-format/types.ts'
import { type Argument, type ArgumentStyle, narrowed } from './argument-members.ts'
import { type GrammarBuilder, literal, oneOf, sequence } from './gbnf.ts'
import { pythonWords } from './python-words.ts'
import { schemaRule } from './schema.ts'
import { plainTextRule } from './schema-string.ts'
import { isSchema } from './schema-types.ts'
import { listedTexts, resolvedText } from './text-schema.ts'

/**
 * Arguments as in a programming language. Strings stand in the model's own quotes, or in those of JSON where these can be
 * escaped; lists and objects are JSON.
 */
export function inlineStyle(grammar: GrammarBuilder, syntax: InlineArguments, blank: string): ArgumentStyle {
  const { quote, isRaw, isPython } = syntax
  const isDouble = quote === '"'
  /** Nothing that would end the string, or be read as an escape. */
  const without = isRaw ? [escaped(quote)] : [`[\\\\\\n\\r${escaped(quote)}]`]

  function member(argument: Argument): string {
    const values = argument.kinds.flatMap((kind) => valueRules(argument, kind))
    return sequence(
      literal(argument.key + syntax.assign.trim()),
      blank,
      grammar.rule('value', oneOf([...new Set(values)])),
    )
  }

  function valueRules(argument: Argument, kind: ValueKind): string[] {
    if (kind === 'string') return textRules(argument)
    const words = isPython ? pythonWords(argument, [kind]) : []
    if (words.length > 0) return words
    return [schemaRule(grammar, narrowed(argument.schema, [kind]))]
  }

  function textRules({ schema, path }: Argument): string[] {
    const json = isRaw
      ? []
      : [schemaRule(grammar, isSchema(schema) ? narrowed(schema, ['string']) : { type: 'string' })]
    if (isDouble && !isRaw) return json
    const listed = isSchema(schema) ? listedTexts(schema) : undefined
    const text =
      listed === undefined
        ? plainTextRule(grammar, isSchema(schema) ? resolvedText(schema) : {}, without, path)
        : oneOf(
            listed
              .filter((each) => !without.some((pattern) => new RegExp(pattern, 'u').test(each)))
              .map(literal),
          )
    return [...json, sequence(literal(quote), grammar.rule('text', text), literal(quote))]
  }

  const anything: Argument = {
    key: '',
    schema: {},
    kinds: ['string', 'number', 'boolean', 'null'],
    path: '#',
  }
  return {
    member,
    free: sequence('[a-zA-Z_] [a-zA-Z0-9_]{0,63}', member(anything)),
    between: sequence(literal(syntax.separator.trim()), blank),
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
