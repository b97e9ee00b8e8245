/**
 * What templates work with: Go's values, as far as data for templates has them.
 *
 * | Go | here |
 * |---|---|
 * | no value at all (an invalid reflect.Value) | undefined |
 * | nil in an interface, and what a map gives for a key it lacks | null |
 * | bool, string | boolean, string |
 * | int | bigint |
 * | float64, every number of JSON | number |
 * | uint8 | GoUint |
 * | []any, map[string]any | array, object |
 * | []byte | Uint8Array |
 * | structs, and lists and maps of a type with its own text | GoStruct, GoList, GoMap |
 */

/** Marks what is ours: no JSON has symbols for keys. */
const GO = Symbol('go')

export interface GoUint {
  readonly [GO]: 'uint'
  readonly value: bigint
}

export interface GoStruct {
  readonly [GO]: 'struct'
  /** As Go names it in errors. */
  readonly typeName: string
  readonly fields: Readonly<Record<string, unknown>>
  /** Its members as JSON has them. */
  readonly members: readonly (readonly [key: string, value: unknown])[]
  /** Prints as JSON. */
  readonly isJsonText: boolean
}

export interface GoList {
  readonly [GO]: 'list'
  readonly typeName: string
  readonly items: readonly unknown[]
  /** How it prints when not as `[a b]`. */
  readonly text: 'json' | ((items: readonly unknown[]) => string) | undefined
}

/** Prints as JSON. */
export interface GoMap {
  readonly [GO]: 'map'
  readonly typeName: string
  readonly entries: Readonly<Record<string, unknown>>
}

export const goUint = (value: number): GoUint => ({ [GO]: 'uint', value: BigInt(value) })

export const goStruct = (parts: Omit<GoStruct, typeof GO>): GoStruct => ({ [GO]: 'struct', ...parts })

/** An empty list is a nil slice. */
export const goList = (typeName: string, items: readonly unknown[], text?: GoList['text']): GoList => ({
  [GO]: 'list',
  typeName,
  items,
  text,
})

export const goMap = (typeName: string, entries: Readonly<Record<string, unknown>>): GoMap => ({
  [GO]: 'map',
  typeName,
  entries,
})

/** A value with its kind: what Go's reflect.Kind tells apart. */
export type Kinded =
  | { kind: 'invalid' | 'nil' }
  | { kind: 'bool'; value: boolean }
  | { kind: 'string'; value: string }
  | { kind: 'int' | 'uint'; value: bigint }
  | { kind: 'float'; value: number }
  | { kind: 'list'; items: readonly unknown[] | Uint8Array; own: GoList | undefined }
  | { kind: 'map'; entries: Readonly<Record<string, unknown>>; own: GoMap | undefined }
  | { kind: 'struct'; own: GoStruct }

export function kinded(value: unknown): Kinded {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'bool', value }
    case 'string':
      return { kind: 'string', value }
    case 'number':
      return { kind: 'float', value }
    case 'bigint':
      return { kind: 'int', value }
    case 'object':
      return value === null ? { kind: 'nil' } : kindedObject(value)
    default:
      return { kind: 'invalid' }
  }
}

const isOurs = (value: object): value is GoUint | GoStruct | GoList | GoMap => GO in value

function kindedObject(value: object): Kinded {
  if (Array.isArray(value) || value instanceof Uint8Array)
    return { kind: 'list', items: value, own: undefined }
  if (!isOurs(value)) return { kind: 'map', entries: value as Record<string, unknown>, own: undefined }
  switch (value[GO]) {
    case 'uint':
      return { kind: 'uint', value: value.value }
    case 'struct':
      return { kind: 'struct', own: value }
    case 'list':
      return { kind: 'list', items: value.items, own: value }
    case 'map':
      return { kind: 'map', entries: value.entries, own: value }
  }
}

/** An item of a list; those of []byte are numbers of their own kind. */
export const itemAt = (items: readonly unknown[] | Uint8Array, index: number): unknown =>
  items instanceof Uint8Array ? goUint(items[index] ?? 0) : items[index]

/** The type as Go's errors name it. */
export function typeName(value: unknown): string {
  const known = kinded(value)
  switch (known.kind) {
    case 'invalid':
    case 'nil':
      return '<nil>'
    case 'float':
      return 'float64'
    case 'uint':
      return 'uint8'
    case 'struct':
      return known.own.typeName
    case 'list':
      return known.own?.typeName ?? (known.items instanceof Uint8Array ? '[]uint8' : '[]interface {}')
    case 'map':
      return known.own?.typeName ?? 'map[string]interface {}'
    default:
      return known.kind
  }
}

/** Whether `if` takes a value for true: not the zero of its kind, not empty. */
export function isTrue(value: unknown): boolean {
  const known = kinded(value)
  switch (known.kind) {
    case 'invalid':
    case 'nil':
      return false
    case 'bool':
      return known.value
    case 'string':
      return known.value !== ''
    case 'int':
    case 'uint':
      return known.value !== 0n
    case 'float':
      return known.value !== 0
    case 'list':
      return known.items.length > 0
    case 'map':
      return Object.keys(known.entries).length > 0
    case 'struct':
      return true
  }
}

const SURROGATE = /[\ud800-\udfff]/

/** Go compares bytes; UTF-16 sorts them alike but for the characters that take two units. */
export function compareText(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}

/** The keys of a map in the order in which Go prints and visits them. */
export const sortedKeys = (entries: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(entries).sort(compareText)
