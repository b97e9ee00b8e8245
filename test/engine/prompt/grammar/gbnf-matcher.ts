/**
 * Reads GBNF and says whether a text follows it: written from the notation's description, sharing nothing with the
 * code that writes grammars. Throws on bad syntax, unknown rules, left recursion and repetition beyond the engine's limits.
 */
type Item =
  | { type: 'char'; matches: (point: number) => boolean }
  | { type: 'rule'; name: string }
  | { type: 'group'; options: Item[][] }
  | { type: 'repeat'; item: Item; min: number; max: number }

/** llama.cpp refuses repetition from here on. */
const MAX_REPETITION = 2_000

export interface Gbnf {
  /** The whole text follows the grammar. */
  matches(text: string): boolean
  /** The text can still become one that does. */
  accepts(prefix: string): boolean
}

export function readGbnf(source: string): Gbnf {
  const rules = parseRules(source)
  for (const name of rules.keys()) checkRecursion(rules, name)
  const root = rules.get('root')
  if (root === undefined) throw new Error('there is no root rule')
  const run = (text: string) => {
    let states = close(rules, new Map(root.map((option) => [`0${key(option)}`, [option]])))
    for (const char of text) states = advance(rules, states, char.codePointAt(0) ?? 0)
    return states
  }
  return {
    matches: (text) => [...run(text).values()].some((stack) => stack.length === 0),
    accepts: (prefix) => run(prefix).size > 0,
  }
}

/** What is still to be matched, innermost first. */
type Stack = Item[][]
const ids = new WeakMap<object, number>()
let lastId = 0

/** A short name for a rest of a sequence: the same items in the same place have the same one. */
function key(items: Item[]): string {
  return items
    .map((item) => {
      const id = ids.get(item) ?? ++lastId
      ids.set(item, id)
      return id
    })
    .join(',')
}

/** Expands rules and groups until every stack begins with a character or is empty. */
function close(rules: Map<string, Item[][]>, start: Map<string, Stack>): Map<string, Stack> {
  const closed = new Map<string, Stack>()
  const seen = new Set<string>()
  const todo: Stack[] = [...start.values()]
  for (let stack = todo.pop(); stack !== undefined; stack = todo.pop()) {
    const clean = stack.filter((items) => items.length > 0)
    const name = clean.map(key).join(';')
    if (seen.has(name)) continue
    seen.add(name)
    const [items, ...outer] = clean
    const [item, ...rest] = items ?? []
    if (item === undefined || item.type === 'char') {
      closed.set(name, clean)
      continue
    }
    for (const option of expand(rules, item)) todo.push([option, rest, ...outer])
  }
  return closed
}

const repeats = new WeakMap<Item, Map<string, Item>>()

function expand(rules: Map<string, Item[][]>, item: Item): Item[][] {
  switch (item.type) {
    case 'rule':
      return rules.get(item.name) ?? []
    case 'group':
      return item.options
    case 'repeat': {
      if (item.max === 0) return [[]]
      const rest = shorter(item)
      return item.min > 0 ? [[item.item, rest]] : [[], [item.item, rest]]
    }
    default:
      return []
  }
}

/** The repetition after one more round; the same object each time, so that states can be told apart. */
function shorter(item: Item & { type: 'repeat' }): Item {
  const made = repeats.get(item.item) ?? new Map<string, Item>()
  repeats.set(item.item, made)
  const [min, max] = [Math.max(item.min - 1, 0), item.max - 1]
  const known = made.get(`${min},${max}`)
  if (known !== undefined) return known
  const next: Item = { ...item, min, max }
  made.set(`${min},${max}`, next)
  return next
}

function advance(
  rules: Map<string, Item[][]>,
  states: Map<string, Stack>,
  point: number,
): Map<string, Stack> {
  const next = new Map<string, Stack>()
  for (const stack of states.values()) {
    const [items, ...outer] = stack
    const [item, ...rest] = items ?? []
    if (item?.type !== 'char' || !item.matches(point)) continue
    const moved = [rest, ...outer]
    next.set(moved.map(key).join(';'), moved)
  }
  return close(rules, next)
}

function checkRecursion(rules: Map<string, Item[][]>, name: string): void {
  const todo = [name]
  const seen = new Set<string>()
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    for (const option of rules.get(at) ?? []) {
      for (const first of firstRules(rules, option)) {
        if (first === name) throw new Error(`rule ${name} begins with itself`)
        if (!seen.has(first)) todo.push(first)
        seen.add(first)
      }
    }
  }
}

/** Rules that a sequence may begin with. */
function firstRules(rules: Map<string, Item[][]>, items: Item[]): string[] {
  const found: string[] = []
  for (const item of items) {
    if (item.type === 'char') return found
    if (item.type === 'rule') found.push(item.name)
    if (item.type === 'group') found.push(...item.options.flatMap((option) => firstRules(rules, option)))
    if (item.type === 'repeat') found.push(...firstRules(rules, [item.item]))
    if (!isNullable(rules, item, new Set())) return found
  }
  return found
}

function isNullable(rules: Map<string, Item[][]>, item: Item, inside: Set<string>): boolean {
  const any = (options: Item[][]) =>
    options.some((option) => option.every((each) => isNullable(rules, each, inside)))
  switch (item.type) {
    case 'char':
      return false
    case 'group':
      return any(item.options)
    case 'repeat':
      return item.min === 0 || isNullable(rules, item.item, inside)
    case 'rule': {
      if (inside.has(item.name)) return false
      inside.add(item.name)
      const nullable = any(rules.get(item.name) ?? [])
      inside.delete(item.name)
      return nullable
    }
  }
}

function parseRules(source: string): Map<string, Item[][]> {
  const rules = new Map<string, Item[][]>()
  const used = new Set<string>()
  for (const line of source.split('\n')) {
    if (line.trim() === '') continue
    const match = /^([a-zA-Z0-9-]+) ::= (.*)$/.exec(line)
    if (match === null) throw new Error(`not a rule: ${line}`)
    const [, name = '', body = ''] = match
    if (rules.has(name)) throw new Error(`rule ${name} is defined twice`)
    rules.set(name, parseBody(body, used))
  }
  for (const name of used) if (!rules.has(name)) throw new Error(`rule ${name} is not defined`)
  return rules
}

function parseBody(body: string, used: Set<string>): Item[][] {
  const chars = [...body]
  let at = 0

  function options(end: string | undefined): Item[][] {
    const found: Item[][] = [[]]
    for (;;) {
      while (chars[at] === ' ') at++
      const char = chars[at]
      if (char === end) {
        at++
        return found
      }
      if (char === undefined) throw new Error(`unclosed group in ${body}`)
      if (char === '|') {
        at++
        found.push([])
      } else found.at(-1)?.push(...repeated(items(char)))
    }
  }

  function items(char: string): Item[] {
    if (char === '"') return text()
    if (char === '[') return [{ type: 'char', matches: charClass() }]
    if (char === '(') {
      at++
      return [{ type: 'group', options: options(')') }]
    }
    if (char === '.') {
      at++
      return [{ type: 'char', matches: () => true }]
    }
    const name = /^[a-zA-Z0-9-]+/.exec(chars.slice(at, at + 200).join(''))?.[0]
    if (name === undefined) throw new Error(`unexpected ${char} in ${body}`)
    at += name.length
    used.add(name)
    return [{ type: 'rule', name }]
  }

  function text(): Item[] {
    at++
    const points: Item[] = []
    while (chars[at] !== '"') {
      const point = character()
      points.push({ type: 'char', matches: (other) => other === point })
    }
    at++
    return [{ type: 'group', options: [points] }]
  }

  function charClass(): (point: number) => boolean {
    at++
    const isNegated = chars[at] === '^'
    if (isNegated) at++
    const ranges: [number, number][] = []
    while (chars[at] !== ']') {
      const low = character()
      const isRange = chars[at] === '-' && chars[at + 1] !== ']'
      if (isRange) at++
      ranges.push([low, isRange ? character() : low])
    }
    at++
    return (point) => ranges.some(([low, high]) => low <= point && point <= high) !== isNegated
  }

  function character(): number {
    const char = chars[at++]
    if (char === undefined) throw new Error(`unclosed text in ${body}`)
    if (char !== '\\') return char.codePointAt(0) ?? 0
    const letter = chars[at++] ?? ''
    const digits = { x: 2, u: 4, U: 8 }[letter]
    if (digits !== undefined) {
      const hex = chars.slice(at, at + digits).join('')
      if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length !== digits) throw new Error(`bad escape in ${body}`)
      at += digits
      return Number.parseInt(hex, 16)
    }
    const plain = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', '[': '[', ']': ']' }[letter]
    if (plain === undefined) throw new Error(`unknown escape \\${letter} in ${body}`)
    return plain.charCodeAt(0)
  }

  function repeated(found: Item[]): Item[] {
    const [item] = found
    if (item === undefined) return found
    const mark = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/.exec(chars.slice(at, at + 20).join(''))
    if (mark === null) return found
    at += mark[0].length
    const [min, max] = bounds(mark)
    if (Math.max(min, max === Number.POSITIVE_INFINITY ? 0 : max) >= MAX_REPETITION) {
      throw new Error(`too much repetition in ${body}`)
    }
    return repeated([{ type: 'repeat', item, min, max }])
  }

  return options(undefined)
}

function bounds([mark, low, comma, high]: RegExpExecArray): [number, number] {
  if (mark === '*') return [0, Number.POSITIVE_INFINITY]
  if (mark === '+') return [1, Number.POSITIVE_INFINITY]
  if (mark === '?') return [0, 1]
  const min = Number(low)
  return [min, comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high)]
}
