import type { Tool } from '../types.ts'
import { looseValue } from './loose-value.ts'
import { kindOf, VALUE_KINDS, type ValueKind } from './tool-format/types.ts'

/** What a tool's schema says of one argument. */
export function argumentSchema(tool: Tool, key: string): unknown {
  const properties = tool.function.parameters?.properties
  if (typeof properties !== 'object' || properties === null) return undefined
  return Object.hasOwn(properties, key) ? Reflect.get(properties, key) : undefined
}

/** The kinds of values one argument may have by the tool's schema; all where it does not say. */
export function argumentKinds(tool: Tool, key: string): readonly ValueKind[] {
  return schemaKinds(argumentSchema(tool, key), tool.function.parameters)
}

const MAX_DEPTH = 8

/** The kinds of values a schema allows, as far as that is easily seen. `root` is what references are looked up in. */
export function schemaKinds(schema: unknown, root: unknown, depth = 0): readonly ValueKind[] {
  if (depth > MAX_DEPTH || typeof schema !== 'object' || schema === null) return VALUE_KINDS
  const {
    type,
    nullable,
    enum: listed,
    const: constant,
    anyOf,
    oneOf,
    $ref,
  } = schema as Record<string, unknown>
  if (typeof $ref === 'string') return schemaKinds(referenced($ref, root), root, depth + 1)
  if (Array.isArray(listed)) return distinct(listed.map(kindOf))
  if (constant !== undefined) return [kindOf(constant)]
  const options = anyOf ?? oneOf
  if (type === undefined && Array.isArray(options)) {
    return distinct(options.flatMap((option) => schemaKinds(option, root, depth + 1)))
  }
  const types = (Array.isArray(type) ? type : [type]).map((name) => (name === 'integer' ? 'number' : name))
  const kinds = VALUE_KINDS.filter((kind) => types.includes(kind))
  if (kinds.length === 0) return VALUE_KINDS
  return nullable === true ? distinct([...kinds, 'null']) : kinds
}

const distinct = (kinds: readonly ValueKind[]): ValueKind[] =>
  VALUE_KINDS.filter((kind) => kinds.includes(kind))

function referenced(reference: string, root: unknown): unknown {
  let found = root
  for (const part of reference.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    found = Reflect.get(found, part)
  }
  return found
}

/** A value that stands between tags: text where it can only be text, else JSON, or Python's way of writing it. */
export function typedValue(text: string, kinds: readonly ValueKind[]): unknown {
  if (kinds.every((kind) => kind === 'string')) return text
  const value = parsed(text)
  // Of two readings the one the schema allows; what is neither JSON nor Python is text, whatever the schema hopes for.
  const isOdd = value === undefined || (kinds.includes('string') && !kinds.includes(kindOf(value)))
  return isOdd ? text : value
}

/** What a value other than text can begin with. */
const BEGINS_VALUE = /^\s*[-+.\dtfnTFN"'({[]/

function parsed(text: string): unknown {
  if (!BEGINS_VALUE.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    // Models that learned from code write Python.
    return looseValue(text.trim())
  }
}
