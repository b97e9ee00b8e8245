import { EngineError } from '../../errors.ts'
import { type GrammarBuilder, GrammarLimit, literal } from './gbnf.ts'
import { type JsonRule, jsonRules } from './json-rules.ts'
import { arrayRule } from './schema-array.ts'
import { checkKeywords, isOfKind, KIND_KEYWORDS, type Kind, kindsOf, listOf } from './schema-kinds.ts'
import { isAnnotation, mergeSchemas } from './schema-merge.ts'
import { integerRule, numberRule } from './schema-number.ts'
import { objectRule } from './schema-object.ts'
import { stringRule } from './schema-string.ts'
import { badSchema, child, isSchema, type Schema, type SchemaContext } from './schema-types.ts'

/** Schemas visited for one grammar, and how deep they may nest. */
const MAX_STEPS = 20_000
const MAX_DEPTH = 64

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
 * valid; it may leave out odd ways of writing a valid value. `oneOf` is taken for `anyOf`. Throws EngineError
 * `bad_format`, naming keyword and place, for everything that cannot be kept to: nothing is left unconstrained.
 */
export function schemaRule(grammar: GrammarBuilder, root: unknown): string {
  const compiler = schemaCompiler(grammar, root)
  try {
    return compiler(root, '#')
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
    const made = compile(schema, path)
    depth -= 1
    return made
  }

  function compile(schema: unknown, path: string): string {
    if (schema === true) return json('value')
    if (schema === false) throw badSchema(path, 'false', 'allows no value at all')
    if (!isSchema(schema)) throw badSchema(path, 'schema', 'must be an object or a boolean')
    checkKeywords(schema, path)
    const { $ref, allOf, anyOf, oneOf, ...rest } = schema
    if ($ref !== undefined) return withReference($ref, { ...rest, ...given({ allOf, anyOf, oneOf }) }, path)
    if (allOf !== undefined) return withAll(allOf, { ...rest, ...given({ anyOf, oneOf }) }, path)
    if (anyOf !== undefined) return withAny(anyOf, 'anyOf', { ...rest, ...given({ oneOf }) }, path)
    if (oneOf !== undefined) return withAny(oneOf, 'oneOf', rest, path)
    return plain(schema, path)
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
    grammar.define(name, rule(resolve(reference, path), reference))
    open.delete(reference)
    return name
  }

  function resolve(reference: string, path: string): unknown {
    if (reference !== '#' && !reference.startsWith('#/')) {
      throw badSchema(path, '$ref', `"${reference}" is not inside this schema`)
    }
    let found: unknown = root
    for (const part of decoded(reference).split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const isThere = typeof found === 'object' && found !== null && Object.hasOwn(found, key)
      if (!isThere) throw badSchema(path, '$ref', `"${reference}" is not inside this schema`)
      found = Reflect.get(found as object, key)
    }
    return found
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
    const parts = [...($ref === undefined ? [] : [resolve(String($ref), path)]), ...listOf(allOf)]
    return parts.reduce<Schema>((whole, part) => mergeSchemas(whole, expanded(part, path), path), rest)
  }

  function withAny(any: unknown, keyword: 'anyOf' | 'oneOf', rest: Schema, path: string): string {
    const isBare = !hasConstraints(rest)
    const options = alternatives(any, keyword, path).map((option, at) => {
      const place = child(path, keyword, at)
      return rule(isBare ? option : { allOf: [rest, option] }, place)
    })
    return grammar.rule('any', [...new Set(options)].join(' | '))
  }

  function plain(schema: Schema, path: string): string {
    if (schema.enum !== undefined || schema.const !== undefined) return literals(schema, path)
    const kinds = kindsOf(schema, path)
    if (kinds.length === 0) return json('value')
    const outside = open
    open = new Set()
    const options = kinds.map((kind) => WRITERS[kind](schema, path, { grammar, json, rule }))
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
    const texts = values.filter(isConst).map((value) => literal(JSON.stringify(value)))
    const beside = KIND_KEYWORDS.flatMap(([, words]) => words).find((word) => schema[word] !== undefined)
    if (beside !== undefined) throw badSchema(path, beside, `is not supported beside "${keyword}"`)
    if (texts.length === 0) throw badSchema(path, keyword, 'leaves no value')
    return grammar.rule(keyword, [...new Set(texts)].join(' | '))
  }

  return rule
}

/** Pointers in references may be percent-encoded. */
function decoded(reference: string): string {
  return reference.replace(/(?:%[0-9a-fA-F]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString(),
  )
}

function alternatives(value: unknown, keyword: string, path: string): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw badSchema(path, keyword, 'must be a list of schemas')
}

function hasConstraints(schema: Schema): boolean {
  return Object.keys(schema).some((keyword) => !isAnnotation(keyword))
}

function given(keywords: Schema): Schema {
  return Object.fromEntries(Object.entries(keywords).filter(([, value]) => value !== undefined))
}
