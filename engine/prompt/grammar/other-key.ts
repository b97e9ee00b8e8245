import { charsOf, complement, toClass } from './char-set.ts'
import { literal, sequence } from './gbnf.ts'
import type { SchemaContext } from './schema-types.ts'

/** Branches of a tree of keys, by character; a key may end where it says so. */
interface Branch {
  next: Map<string, Branch>
  isKey: boolean
}

/** Characters of a key of no schema: no escapes, so that no key can be written in two ways. */
const SPECIAL = [[0, 0x1f] as const, [0x7f, 0x7f] as const, ...charsOf('"\\')]

/** The rule for a key, quotes included, that is none of `keys`. */
export function otherKey(keys: readonly string[], { grammar }: Pick<SchemaContext, 'grammar'>): string {
  const root: Branch = { next: new Map(), isKey: false }
  // A key that needs an escape cannot be written at all.
  for (const key of keys) if (!/["\\\p{Cc}\p{Cs}]/u.test(key)) insert(root, key)
  const any = grammar.rule('key-char', toClass(complement(SPECIAL)) ?? '""')

  function write(branch: Branch): string {
    const others = toClass(complement([...SPECIAL, ...charsOf([...branch.next.keys()].join(''))]))
    return [
      ...(branch.isKey ? [] : ['""']),
      ...(others === undefined ? [] : [`${others} ${any}*`]),
      ...[...branch.next].map(([char, next]) => `${literal(char)} ${grammar.rule('key', write(next))}`),
    ].join(' | ')
  }

  return grammar.rule('other-key', sequence('"\\""', grammar.rule('key', write(root)), '"\\""'))
}

function insert(root: Branch, key: string): void {
  let branch = root
  for (const char of key) {
    const next = branch.next.get(char) ?? { next: new Map(), isKey: false }
    branch.next.set(char, next)
    branch = next
  }
  branch.isKey = true
}
