import { kinded } from './value.ts'

const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'string'],
  ['number', 'number'],
  ['integer', 'number'],
  ['boolean', 'boolean'],
  ['array', 'any[]'],
  ['object', 'Record<string, any>'],
  ['null', 'null'],
])

/** The type of a tool's parameter in the words of TypeScript (ollama api/types.go); `any` for all else. */
export function typescriptType(value: unknown): string {
  const property = kinded(value)
  if (property.kind !== 'struct' || property.own.typeName !== 'api.ToolProperty') return 'any'
  const { AnyOf, Type } = property.own.fields
  const choices = itemsOf(AnyOf).map(typescriptType)
  const types = itemsOf(Type).map((name) => TYPES.get(String(name)) ?? 'any')
  return (choices.length > 0 ? choices : types).join(' | ') || 'any'
}

function itemsOf(value: unknown): readonly unknown[] {
  const known = kinded(value)
  return known.kind === 'list' && !(known.items instanceof Uint8Array) ? known.items : []
}
