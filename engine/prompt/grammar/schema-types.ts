import { EngineError } from '../../errors.ts'
import type { GrammarBuilder } from './gbnf.ts'
import type { JsonRule } from './json-rules.ts'

/** A JSON Schema that is an object; its keywords are checked where they are used. */
export type Schema = Readonly<Record<string, unknown>>

/** What the writers of the kinds of values share. */
export interface SchemaContext {
  readonly grammar: GrammarBuilder
  readonly json: (name: JsonRule) => string
  /** The name of the rule for a subschema. `path` is its JSON pointer, for messages. */
  rule(schema: unknown, path: string): string
  /** A schema with references and `allOf` written out, where it is one. */
  resolved(schema: unknown, path: string): unknown
}

/** A schema that no grammar of ours can hold a model to. `path` is a JSON pointer such as `#/properties/a`. */
export function badSchema(path: string, keyword: string, why: string): EngineError {
  return new EngineError('bad_format', `the format's schema cannot be used: "${keyword}" at ${path} ${why}`)
}

const empty = new WeakSet<Error>()

/** A schema that no value satisfies. Among alternatives it can be left out. */
export function noValue(path: string, keyword: string, why: string): EngineError {
  const error = badSchema(path, keyword, why)
  empty.add(error)
  return error
}

export function isNoValue(error: unknown): boolean {
  return error instanceof Error && empty.has(error)
}

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A keyword's value when it is a whole number from 0 up; undefined when the keyword is absent. */
export function count(schema: Schema, keyword: string, path: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw badSchema(path, keyword, 'must be a whole number from 0 up')
}

/** The pointer to a child: `~` and `/` in a key are written as RFC 6901 says. */
export function child(path: string, ...keys: (string | number)[]): string {
  return [path, ...keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/')
}
