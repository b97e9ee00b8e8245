import { EngineError } from '../../errors.ts'
import { withEffort } from './effort.ts'
import { type GrammarBuilder, GrammarLimit } from './gbnf.ts'
import { type JsonRule, jsonRules } from './json-rules.ts'
import { literalTree } from './literal-tree.ts'
import { arrayRule } from './schema-array.ts'
import { withoutDependents } from './schema-dependents.ts'
import { areDisjoint } from './schema-disjoint.ts'
import { checkKeywords, isOfKind, type Kind, kindsOf, listOf } from './schema-kinds.ts'
import { allows } from './schema-listed.ts'
import { isAnnotation, mergeSchemas } from './schema-merge.ts'
import { withoutNot } from './schema-not.ts'
import { integerRule, numberRule } from './schema-number.ts'
import { objectRule } from './schema-object.ts'
import { atReference } from './schema-reference.ts'
import { stringRule } from './schema-string.ts'
import {
  badSchema,
  child,
  isNoValue,
  isSchema,
  noValue,
  type Schema,
  type SchemaContext,
} from './schema-types.ts'

/** Schemas visited for one grammar, and how deep they may nest. */
const MAX_STEPS = 20_000
const MAX_DEPTH = 64
/** Each alternative of `oneOf` is compared with every other. */
const MAX_ONE_OF = 64

const COMBINING = [
  '$ref',
  'allOf',
  'not',
  'dependentRequired',
  'dependentSchemas',
  'dependencies',
  'anyOf',
  'oneOf',
] as const

const WRITERS: Readonly<Record<Kind, (schema: Schema, path: string, context: SchemaContext) => string>> = {
  null: (_, __, { json }) => json('null'),
  boolean: (_, __, { json }) => json('boolean'),
  object: objectRule,
  array: arrayRule,
  number: numberRule,
  integer: integerRule,
  string: stringRule,
}

/**
 * Adds the rules for a JSON Schema to a grammar and returns the one to start from. What the grammar lets through is
 * valid; it may leave out odd values and odd ways of writing one. Throws EngineError
 * `bad_format`, naming keyword and place, for everything that cannot be kept to: nothing is left unconstrained.
 */
export function schemaRule(grammar: GrammarBuilder, root: unknown): string {
  const compiler = schemaCompiler(grammar, root)
  try {
    return withEffort(() => compiler(root, '#'))
  } catch (error) {
    if (error instanceof GrammarLimit || error instanceof RangeError) {
      throw new EngineError('bad_format', `the format's schema is too large: ${error.message}`, {
        cause: error,
      })
    }
    throw error
  }
}

function schemaCompiler(grammar: GrammarBuilder, root: unknown): (schema: unknown, path: string) => string {
  const json: (name: JsonRule) => string = jsonRules(grammar)
  const references = new Map<string, string>()
  /** References entered since the last bracket or quote: coming back to one would never end. */
  let open = new Set<string>()
  let steps = 0
  let depth = 0

  function rule(schema: unknown, path: string): string {
    steps += 1
    depth += 1
    if (steps > MAX_STEPS || depth > MAX_DEPTH)
      throw new GrammarLimit('it has too many parts or nests too deeply')
    try {
      return compile(schema, path)
    } finally {
      depth -= 1
    }
  }

  function compile(schema: unknown, path: string): string {
    if (schema === true) return json('value')
    if (schema === false) throw noValue(path, 'false', 'allows no value at all')
    if (!isSchema(schema)) throw badSchema(path, 'schema', 'must be an object or a boolean')
    checkKeywords(schema, path)
    // The first of these that is there is taken off, and the rest looked at again.
    const keyword = COMBINING.find((word) => schema[word] !== undefined)
    const { [keyword ?? '']: value, ...rest } = schema
    switch (keyword) {
      case undefined:
        return plain(schema, path)
      case '$ref':
        return withReference(value, rest, path)
      case 'allOf':
        return withAll(value, rest, path)
      case 'not':
        return rule(withoutNot(schema, path), path)
      case 'anyOf':
        return withAny(value, 'anyOf', rest, path)
      case 'oneOf':
        return withAny(exclusive(value, path), 'oneOf', rest, path)
      default:
        return rule(withoutDependents(schema, path), path)
    }
  }

  function withReference(reference: unknown, rest: Schema, path: string): string {
    if (typeof reference !== 'string') throw badSchema(path, '$ref', 'must be a string')
    const { nullable, ...others } = rest
    if (nullable === true && !hasConstraints(others)) {
      return rule({ anyOf: [{ $ref: reference }, { type: 'null' }] }, path)
    }
    if (hasConstraints(rest))
      return rule({ ...rest, allOf: [...listOf(rest.allOf), { $ref: reference }] }, path)
    if (open.has(reference)) throw badSchema(path, '$ref', `"${reference}" refers to itself`)
    const known = references.get(reference)
    if (known !== undefined) return known
    const name = grammar.reserve(reference.split('/').at(-1) ?? 'ref')
    references.set(reference, name)
    open.add(reference)
    try {
      grammar.define(name, rule(atReference(root, reference, path), reference))
    } catch (error) {
      references.delete(reference)
      throw error
    } finally {
      open.delete(reference)
    }
    return name
  }

  function withAll(all: unknown, rest: Schema, path: string): string {
    const parts = alternatives(all, 'allOf', path)
    const [only] = parts
    if (parts.length === 1 && only !== undefined && !hasConstraints(rest))
      return rule(only, child(path, 'allOf', 0))
    const merged = parts.reduce<Schema>((whole, part, at) => {
      const place = child(path, 'allOf', at)
      return mergeSchemas(whole, expanded(part, place), place)
    }, rest)
    return rule(merged, path)
  }

  /** A schema with references replaced by what they refer to, for merging. */
  function expanded(schema: unknown, path: string): Schema {
    steps += 1
    if (steps > MAX_STEPS) throw new GrammarLimit('it has too many parts')
    if (schema === true) return {}
    if (!isSchema(schema)) throw badSchema(path, 'allOf', 'must hold schemas')
    const { $ref, allOf, ...rest } = schema
    const parts = [...($ref === undefined ? [] : [atReference(root, String($ref), path)]), ...listOf(allOf)]
    return parts.reduce<Schema>((whole, part) => mergeSchemas(whole, expanded(part, path), path), rest)
  }

  /** Alternatives that no value allows are left out, as long as there are others. */
  function withAny(any: unknown, keyword: 'anyOf' | 'oneOf', rest: Schema, path: string): string {
    const isBare = !hasConstraints(rest)
    let failure: unknown
    const options = alternatives(any, keyword, path).flatMap((option, at) => {
      const outside = open
      try {
        return [rule(isBare ? option : { allOf: [rest, option] }, child(path, keyword, at))]
      } catch (error) {
        if (!isNoValue(error)) throw error
        failure = error
        open = outside
        return []
      }
    })
    if (options.length === 0) throw failure
    const different = [...new Set(options)]
    return different.length === 1 ? (different[0] ?? '') : grammar.rule('any', different.join(' | '))
  }

  /** Alternatives of which no value satisfies two: as they are where that is certain, else each without the others. */
  function exclusive(oneOf: unknown, path: string): unknown[] {
    const options = alternatives(oneOf, 'oneOf', path)
    if (options.length > MAX_ONE_OF)
      throw badSchema(path, 'oneOf', `has more than ${MAX_ONE_OF} alternatives: use anyOf`)
    const plainOf = (schema: unknown) => resolved(schema, path)
    return options.map((option, at) => {
      const others = options.filter((other, place) => place !== at && !areDisjoint(option, other, plainOf))
      return others.reduce<unknown>((whole, other) => ({ allOf: [whole, without(other, path)] }), option)
    })
  }

  function without(schema: unknown, path: string): Schema {
    try {
      return withoutNot({ not: resolved(schema, path) }, path)
    } catch (error) {
      if (isNoValue(error)) throw error
      const why = 'has alternatives that one value may satisfy at once: use anyOf, or a constant property'
      throw badSchema(path, 'oneOf', why)
    }
  }

  function resolved(schema: unknown, path: string): unknown {
    return isSchema(schema) ? expanded(schema, path) : schema
  }

  function plain(schema: Schema, path: string): string {
    if (schema.enum !== undefined || schema.const !== undefined) return literals(schema, path)
    const kinds = kindsOf(schema, path)
    if (kinds.length === 0) return json('value')
    const outside = open
    open = new Set()
    const options = kinds.map((kind) => WRITERS[kind](schema, path, { grammar, json, rule, resolved }))
    open = outside
    const [only] = options
    return options.length === 1 && only !== undefined ? only : grammar.rule('any', options.join(' | '))
  }

  function literals(schema: Schema, path: string): string {
    const keyword = schema.enum === undefined ? 'const' : 'enum'
    const listed = schema.enum ?? [schema.const]
    if (!Array.isArray(listed)) throw badSchema(path, 'enum', 'must be a list')
    const kinds = kindsOf({ type: schema.type, nullable: schema.nullable }, path)
    const values = listed.filter((value) => kinds.length === 0 || kinds.some((kind) => isOfKind(value, kind)))
    const isConst = (value: unknown) =>
      schema.const === undefined || JSON.stringify(value) === JSON.stringify(schema.const)
    const kept = values.filter(isConst).filter((value) => allows(schema, value, path))
    if (kept.length === 0) throw noValue(path, keyword, 'leaves no value')
    return literalTree(grammar, keyword, [...new Set(kept.map((value) => JSON.stringify(value)))])
  }

  return rule
}

function alternatives(value: unknown, keyword: string, path: string): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw badSchema(path, keyword, 'must be a list of schemas')
}

function hasConstraints(schema: Schema): boolean {
  return Object.keys(schema).some((keyword) => !isAnnotation(keyword))
}
