import { END, type GbnfProgram } from './gbnf-program.ts'

/** The rules that may contain themselves, and those between two such. */
export function cyclicRules({ code, rules }: GbnfProgram): ReadonlySet<number> {
  const uses = rules.map((starts) => {
    const used = new Set<number>()
    for (const start of starts) {
      for (let at = start; code[at] !== END; at++) if ((code[at] ?? END) >= 0) used.add(code[at] ?? 0)
    }
    return used
  })
  const usedBy = rules.map(() => new Set<number>())
  for (const [rule, used] of uses.entries()) for (const other of used) usedBy[other]?.add(rule)
  const left = new Set(rules.keys())
  // What nothing is used by, or what uses nothing, is on no way round.
  for (const [from, to] of [[uses, usedBy] as const, [usedBy, uses] as const]) trim(left, from, to)
  return left
}

/** Takes away rules without `from` neighbours among those that are left, until all have some. */
function trim(
  left: Set<number>,
  from: readonly ReadonlySet<number>[],
  to: readonly ReadonlySet<number>[],
): void {
  const count = from.map((neighbours) => [...neighbours].filter((rule) => left.has(rule)).length)
  const todo = [...left].filter((rule) => count[rule] === 0)
  for (let rule = todo.pop(); rule !== undefined; rule = todo.pop()) {
    left.delete(rule)
    for (const neighbour of to[rule] ?? []) {
      count[neighbour] = (count[neighbour] ?? 0) - 1
      if (count[neighbour] === 0 && left.has(neighbour)) todo.push(neighbour)
    }
  }
}
