import { type GrammarBuilder, literal, oneOf, sequence } from './gbnf.ts'

/** Branches of a tree of texts, by character; a text may end where it says so. */
interface Branch {
  next: Map<string, Branch>
  isText: boolean
}

/** The rule for any of the given texts. Texts that begin alike share their beginning, so one reading is open. */
export function literalTree(grammar: GrammarBuilder, hint: string, texts: readonly string[]): string {
  const root: Branch = { next: new Map(), isText: false }
  for (const text of texts) insert(root, text)

  function write(branch: Branch): string {
    const options = [...branch.next].map(([char, next]) => {
      let run = char
      let at = next
      for (let only = onlyWay(at); only !== undefined; only = onlyWay(at)) {
        run += only[0]
        at = only[1]
      }
      if (at.next.size === 0) return literal(run)
      return sequence(literal(run), at.next.size > 8 ? grammar.rule(hint, write(at)) : oneOf([write(at)]))
    })
    const all = branch.isText ? [...options, '""'] : options
    return all.length > 1 ? `(${all.join(' | ')})` : (all[0] ?? '""')
  }

  return grammar.rule(hint, write(root))
}

function onlyWay({ next, isText }: Branch): [string, Branch] | undefined {
  const [first] = next
  return next.size === 1 && !isText ? first : undefined
}

function insert(root: Branch, text: string): void {
  let branch = root
  for (const char of text) {
    const next = branch.next.get(char) ?? { next: new Map(), isText: false }
    branch.next.set(char, next)
    branch = next
  }
  branch.isText = true
}
