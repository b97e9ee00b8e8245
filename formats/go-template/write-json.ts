import type { Budget } from './budget.ts'
import { GoTemplateLimit } from './error.ts'
import { MAX_VALUE_DEPTH } from './limits.ts'
import { itemAt, kinded, sortedKeys } from './value.ts'

/** Go's encoder hides these from HTML and JavaScript. */
const ESCAPED = /[<>&\u2028\u2029]/g

/** A value as Go's encoding/json writes it: compact, keys of maps sorted, `<`, `>` and `&` escaped. */
export function writeJson(value: unknown, budget: Budget, depth = 0): string {
  if (depth > MAX_VALUE_DEPTH) throw new GoTemplateLimit('template: a value is nested too deeply')
  budget.spend(1)
  const known = kinded(value)
  const member = (key: string, item: unknown) => `${textJson(key)}:${writeJson(item, budget, depth + 1)}`
  switch (known.kind) {
    case 'invalid':
    case 'nil':
      return 'null'
    case 'bool':
    case 'int':
    case 'uint':
      return String(known.value)
    case 'float':
      return Number.isFinite(known.value) ? String(known.value) : 'null'
    case 'string':
      return textJson(budget.text(known.value))
    case 'list':
      return listJson(known.items, known.own !== undefined, (item) => writeJson(item, budget, depth + 1))
    case 'map':
      return `{${sortedKeys(known.entries)
        .map((key) => member(key, known.entries[key]))
        .join(',')}}`
    case 'struct':
      return `{${known.own.members.map(([key, item]) => member(key, item)).join(',')}}`
  }
}

function listJson(
  items: readonly unknown[] | Uint8Array,
  isNilWhenEmpty: boolean,
  write: (item: unknown) => string,
): string {
  if (items instanceof Uint8Array) return JSON.stringify(Buffer.from(items).toString('base64'))
  if (items.length === 0) return isNilWhenEmpty ? 'null' : '[]'
  return `[${items.map((_, index) => write(itemAt(items, index))).join(',')}]`
}

const textJson = (text: string) =>
  JSON.stringify(text).replace(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
