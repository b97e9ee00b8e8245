import { charsOf, toClass } from './char-set.ts'
import { type GrammarBuilder, GrammarLimit, literal, sequence } from './gbnf.ts'

/** Branches of a tree of texts, by character; a text may end where it says so. */
interface Branch {
  next: Map<string, Branch>
  isText: boolean
}

/** Characters of all texts together, shared beginnings counted once. */
const MAX_CHARACTERS = 300_000

/** The rule for any of the given texts. Texts that begin alike share their beginning, so one reading is open. */
export function literalTree(grammar: GrammarBuilder, hint: string, texts: readonly string[]): string {
  const root: Branch = { next: new Map(), isText: false }
  let size = 0
  for (const text of texts) {
    size += insert(root, text)
    if (size > MAX_CHARACTERS) throw new GrammarLimit('its listed values are too long')
  }

  function write(branch: Branch): string {
    // Characters that go on alike become one class: a reading for each would be slow.
    const ways = new Map<string, string[]>()
    for (const [char, next] of branch.next) {
      const rest = onward(next)
      ways.set(rest, [...(ways.get(rest) ?? []), char])
    }
    const options = [...ways].map(([rest, chars]) =>
      sequence(chars.length === 1 ? literal(chars.join('')) : (toClass(charsOf(chars.join(''))) ?? ''), rest),
    )
    const all = branch.isText ? [...options, '""'] : options
    return all.length > 1 ? `(${all.join(' | ')})` : (all[0] ?? '""')
  }

  function onward(branch: Branch): string {
    let run = ''
    let at = branch
    for (let only = onlyWay(at); only !== undefined; only = onlyWay(at)) {
      run += only[0]
      at = only[1]
    }
    const rest = at.next.size === 0 ? '' : at.next.size > 8 ? grammar.rule(hint, write(at)) : write(at)
    return sequence(run === '' ? '' : literal(run), rest)
  }

  return grammar.rule(hint, write(root))
}

function onlyWay({ next, isText }: Branch): [string, Branch] | undefined {
  const [first] = next
  return next.size === 1 && !isText ? first : undefined
}

/** How many branches were added. */
function insert(root: Branch, text: string): number {
  let branch = root
  let added = 0
  for (const char of text) {
    let next = branch.next.get(char)
    if (next === undefined) {
      next = { next: new Map(), isText: false }
      branch.next.set(char, next)
      added += 1
    }
    branch = next
  }
  branch.isText = true
  return added
}
