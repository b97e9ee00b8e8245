import { sequence } from './gbnf.ts'
import { otherKey } from './other-key.ts'
import { type NameRules, othersOf, patternsOf, readPatterns } from './property-names.ts'
import { textsPattern } from './schema-not.ts'
import { keyText } from './schema-string.ts'
import { child, type Schema, type SchemaContext } from './schema-types.ts'

/**
 * The rule for one property that is not listed: one that a pattern names, or any other. Keys that two patterns name
 * are left out. Undefined when there are no such properties.
 */
export function otherMembers(
  schema: Schema,
  listed: readonly string[],
  names: NameRules,
  path: string,
  context: SchemaContext,
): string | undefined {
  if (names.isListed) return undefined
  const patterns = patternsOf(schema, path)
  const others = othersOf(schema)
  if (patterns.length === 0 && names.isFree) {
    return others === false ? undefined : member(otherKey(listed, context), others, path, context)
  }
  const notListed = listed.length === 0 ? [] : [textsPattern(listed)]
  const groups = [
    ...patterns.map(([pattern, value]) => ({
      matching: [pattern],
      others: patterns.map(([other]) => other).filter((other) => other !== pattern),
      value,
    })),
    { matching: [], others: patterns.map(([pattern]) => pattern), value: others },
  ].filter(({ value }) => value !== false)
  const keyword = patterns.length === 0 ? 'propertyNames' : 'patternProperties'
  const members = groups.flatMap((group) => {
    const text = readPatterns(path, keyword, () =>
      keyText(context.grammar, names.schema, group.matching, [...group.others, ...notListed], path),
    )
    return text === undefined ? [] : [member(sequence('"\\""', text, '"\\""'), group.value, path, context)]
  })
  return members.length === 0 ? undefined : context.grammar.rule('other-kv', members.join(' | '))
}

function member(key: string, schema: unknown, path: string, context: SchemaContext): string {
  const value = context.rule(schema, child(path, 'additionalProperties'))
  return context.grammar.rule('other-kv', `${key} ":" ${context.json('ws')} ${value}`)
}
