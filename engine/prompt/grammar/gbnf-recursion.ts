import { END, GbnfError, type GbnfProgram } from './gbnf-program.ts'

/** llama.cpp follows first rules by recursion on a stack of one megabyte, once for every way that leads to one. */
const MAX_DEPTH = 1_500
const MAX_WAYS = 200_000

/**
 * Throws GbnfError for a rule that begins with itself, also where only rules that may be empty stand before: llama.cpp
 * does not see all of these and then runs for ever. Also when the rules that rules begin with nest too deeply, or are
 * reached in so many ways that llama.cpp's own search would take too long.
 */
export function checkRecursion(program: GbnfProgram): void {
  const { rules } = program
  const first = firstRules(program, nullableRules(program))
  const order = leavesFirst(first)
  const depth = new Array<number>(rules.length).fill(0)
  const ways = new Array<number>(rules.length).fill(1)
  let total = 0
  for (const rule of order) {
    for (const next of first[rule] ?? []) {
      depth[rule] = Math.max(depth[rule] ?? 0, (depth[next] ?? 0) + 1)
      ways[rule] = (ways[rule] ?? 1) + (ways[next] ?? 1)
    }
    if ((depth[rule] ?? 0) > MAX_DEPTH) throw new GbnfError('has rules nested too deeply')
    total = Math.max(total, ways[rule] ?? 1)
    if (total > MAX_WAYS) throw new GbnfError('has too many ways to begin')
  }
}

/** By rule: whether it may be empty. */
function nullableRules({ code, rules }: GbnfProgram): boolean[] {
  const nullable = new Array<boolean>(rules.length).fill(false)
  const usedBy = rules.map((): number[] => [])
  for (const [rule, starts] of rules.entries()) {
    for (const start of starts) {
      for (let at = start; code[at] !== END; at++) usedBy[code[at] ?? 0]?.push(rule)
    }
  }
  const todo = rules.map((_, rule) => rule)
  for (let rule = todo.pop(); rule !== undefined; rule = todo.pop()) {
    if (nullable[rule]) continue
    const isEmpty = (rules[rule] ?? []).some((start) => {
      let at = start
      while ((code[at] ?? END) >= 0 && nullable[code[at] ?? 0]) at++
      return code[at] === END
    })
    if (!isEmpty) continue
    nullable[rule] = true
    todo.push(...(usedBy[rule] ?? []))
  }
  return nullable
}

/** By rule: the rules it may begin with, as often as they stand there. */
function firstRules({ code, rules }: GbnfProgram, nullable: readonly boolean[]): number[][] {
  return rules.map((starts) =>
    starts.flatMap((start) => {
      const found: number[] = []
      for (let at = start; (code[at] ?? END) >= 0; at++) {
        const rule = code[at] ?? 0
        found.push(rule)
        if (!nullable[rule]) break
      }
      return found
    }),
  )
}

/** Rules in an order that has each behind those it may begin with. Throws GbnfError when there is none. */
function leavesFirst(first: readonly (readonly number[])[]): number[] {
  const order: number[] = []
  const state = new Array<'new' | 'open' | 'done'>(first.length).fill('new')
  const path: { rule: number; at: number }[] = []
  function enter(rule: number): void {
    state[rule] = 'open'
    path.push({ rule, at: 0 })
  }
  for (const start of first.keys()) {
    if (state[start] === 'new') enter(start)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = first[top.rule]?.[top.at++]
      if (next === undefined) {
        state[top.rule] = 'done'
        order.push(top.rule)
        path.pop()
      } else if (state[next] === 'open') {
        throw new GbnfError('has a rule that begins with itself')
      } else if (state[next] === 'new') {
        enter(next)
      }
    }
  }
  return order
}
