/** len, index and slice of text/template (funcs.go). Texts are counted and cut in bytes. */

import type { Budget } from './budget.ts'
import { GoTemplateError } from './error.ts'
import { UNITS_PER_STEP } from './limits.ts'
import { goList, goUint, itemAt, kinded, typeName } from './value.ts'

const isAscii = (text: string) => Buffer.byteLength(text) === text.length

export function lengthOf(value: unknown, budget: Budget): bigint {
  const known = kinded(value)
  switch (known.kind) {
    case 'string':
      return BigInt(Buffer.byteLength(budget.text(known.value)))
    case 'list':
      return BigInt(known.items.length)
    case 'map':
      return BigInt(Object.keys(known.entries).length)
    case 'nil':
      throw new GoTemplateError('len of nil pointer')
    case 'invalid':
      throw new GoTemplateError('reflect: call of reflect.Value.Type on zero Value')
    default:
      throw new GoTemplateError(`len of type ${typeName(value)}`)
  }
}

/** `index x 1 "a"` is `x[1]["a"]`. */
export function indexInto(value: unknown, indexes: readonly unknown[], budget: Budget): unknown {
  if (value === undefined || value === null) throw new GoTemplateError('index of untyped nil')
  let item: unknown = value
  for (const index of indexes) item = itemOf(item, index, budget)
  return item
}

function itemOf(value: unknown, index: unknown, budget: Budget): unknown {
  const known = kinded(value)
  switch (known.kind) {
    case 'invalid':
    case 'nil':
      throw new GoTemplateError('index of nil pointer')
    case 'list': {
      const at = indexNumber(index, known.items.length)
      if (at === known.items.length) throw new GoTemplateError('reflect: slice index out of range')
      return itemAt(known.items, at)
    }
    case 'string': {
      const bytes = Buffer.from(budget.text(known.value))
      const at = indexNumber(index, bytes.length)
      if (at === bytes.length) throw new GoTemplateError('reflect: string index out of range')
      return goUint(bytes[at] ?? 0)
    }
    case 'map': {
      if (index === undefined || index === null) {
        throw new GoTemplateError('value is nil; should be of type string')
      }
      if (typeof index !== 'string') {
        throw new GoTemplateError(`value has type ${typeName(index)}; should be string`)
      }
      return Object.hasOwn(known.entries, index) ? known.entries[index] : null
    }
    default:
      throw new GoTemplateError(`can't index item of type ${typeName(value)}`)
  }
}

function indexNumber(index: unknown, most: number): number {
  const known = kinded(index)
  if (known.kind === 'invalid' || known.kind === 'nil') {
    throw new GoTemplateError('cannot index slice/array with nil')
  }
  if (known.kind !== 'int' && known.kind !== 'uint') {
    throw new GoTemplateError(`cannot index slice/array with type ${typeName(index)}`)
  }
  if (known.value < 0n || known.value > BigInt(most)) {
    throw new GoTemplateError(`index out of range: ${known.value}`)
  }
  return Number(known.value)
}

/** `slice x 1 2` is `x[1:2]`. */
export function sliceOf(value: unknown, indexes: readonly unknown[], budget: Budget): unknown {
  const known = kinded(value)
  if (known.kind === 'invalid' || known.kind === 'nil') throw new GoTemplateError('slice of untyped nil')
  if (indexes.length > 3) throw new GoTemplateError(`too many slice indexes: ${indexes.length}`)
  if (known.kind === 'string') {
    if (indexes.length === 3) throw new GoTemplateError('cannot 3-index slice a string')
    return sliceText(budget.text(known.value), indexes)
  }
  if (known.kind !== 'list') throw new GoTemplateError(`can't slice item of type ${typeName(value)}`)
  const { items, own } = known
  const [from, to] = bounds(indexes, items.length)
  budget.spend((to - from) / UNITS_PER_STEP)
  const part = items.slice(from, to)
  return own === undefined || part instanceof Uint8Array ? part : goList(own.typeName, part, own.text)
}

function sliceText(text: string, indexes: readonly unknown[]): string {
  if (isAscii(text)) return text.slice(...bounds(indexes, text.length))
  const bytes = Buffer.from(text)
  return bytes.subarray(...bounds(indexes, bytes.length)).toString()
}

function bounds(indexes: readonly unknown[], length: number): [from: number, to: number] {
  const [from = 0, to = length, most = length] = indexes.map((index) => indexNumber(index, length))
  if (from > to) throw new GoTemplateError(`invalid slice index: ${from} > ${to}`)
  if (to > most) throw new GoTemplateError(`invalid slice index: ${to} > ${most}`)
  return [from, to]
}
