import { ALL_CHARS, type CharSet } from './char-set.ts'
import { classSet, GbnfError, type GbnfProgram, programWriter } from './gbnf-program.ts'

/** How often one thing may be repeated (`MAX_REPETITION_THRESHOLD` in llama.cpp's src/llama-grammar.cpp). */
const MAX_REPETITION = 2_000
/** llama.cpp reads groups by recursion, on a small stack. */
const MAX_DEPTH = 100

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const PLAIN_ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  r: '\r',
  n: '\n',
  '\\': '\\',
  '"': '"',
  '[': '[',
  ']': ']',
}
const QUANTIFIERS: Readonly<Record<string, readonly [min: number, max: number | undefined]>> = {
  '*': [0, undefined],
  '+': [1, undefined],
  '?': [0, 1],
}

/**
 * Reads GBNF as llama.cpp does (src/llama-grammar.cpp), so that what it would refuse or choke on is known before it
 * gets it. Throws GbnfError. References to tokens (`<…>`) are not read.
 */
export function readGbnf(source: string): { program: GbnfProgram; sets: readonly CharSet[] } {
  if (source.includes('\0')) throw new GbnfError('has a NUL character')
  const writer = programWriter()
  let at = 0
  let depth = 0

  const fail = (what: string): never => {
    const line = source.slice(0, at).split('\n').length
    throw new GbnfError(`has ${what} in line ${line}`)
  }

  function space(newlines: boolean): void {
    const blank = newlines ? /(?:[ \t\r\n]|#[^\r\n]*)*/y : /(?:[ \t]|#[^\r\n]*)*/y
    blank.lastIndex = at
    at += blank.exec(source)?.[0].length ?? 0
  }
  function word(): string {
    const name = /[a-zA-Z0-9-]+/y
    name.lastIndex = at
    const found = name.exec(source)?.[0] ?? fail('no name where one belongs')
    at += found.length
    return found
  }

  function char(): number {
    const point = source.codePointAt(at) ?? fail('an early end')
    if (point !== 0x5c) {
      at += point > 0xffff ? 2 : 1
      return point
    }
    const letter = source[at + 1] ?? ''
    const digits = HEX_DIGITS[letter]
    if (digits !== undefined) {
      const hex = source.slice(at + 2, at + 2 + digits)
      if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex)) fail('an escape without its digits')
      at += 2 + digits
      return Number.parseInt(hex, 16)
    }
    const plain = PLAIN_ESCAPES[letter] ?? fail('an unknown escape')
    at += 2
    return plain.charCodeAt(0)
  }

  function quoted(): number[] {
    const items: number[] = []
    at += 1
    while (source[at] !== '"') {
      const point = char()
      items.push(writer.characters([[point, point]]))
    }
    at += 1
    return items
  }

  function bracketed(): number[] {
    at += 1
    const isNegated = source[at] === '^'
    if (isNegated) at += 1
    const ranges: (readonly [number, number])[] = []
    while (source[at] !== ']') {
      const low = char()
      const isRange = source[at] === '-' && source[at + 1] !== ']'
      if (isRange) at += 1
      const high = isRange ? char() : low
      if (high >= low) ranges.push([low, high])
    }
    at += 1
    return [writer.characters(classSet(ranges, isNegated))]
  }

  function group(): number[] {
    at += 1
    if (++depth > MAX_DEPTH) fail('groups nested too deeply')
    space(true)
    const rule = writer.unnamed()
    writer.define(rule, alternatives(true))
    depth -= 1
    if (source[at] !== ')') fail('an open group')
    at += 1
    return [rule]
  }

  function item(): number[] | undefined {
    const first = source[at] ?? ''
    if (first === '"') return quoted()
    if (first === '[') return bracketed()
    if (first === '(') return group()
    if (first === '.') {
      at += 1
      return [writer.characters(ALL_CHARS)]
    }
    if (first === '<' || first === '!') fail('a reference to a token, which is not supported,')
    return /[a-zA-Z0-9-]/.test(first) ? [writer.named(word())] : undefined
  }

  function quantifier(): readonly [number, number | undefined] | undefined {
    const known = QUANTIFIERS[source[at] ?? '']
    if (known !== undefined) {
      at += 1
      return known
    }
    if (source[at] !== '{') return undefined
    const braces = /\{[ \t]*(\d{1,9})[ \t]*(?:(,)[ \t]*(\d{1,9})?[ \t]*)?\}/y
    braces.lastIndex = at
    const [whole = fail('a malformed repetition'), min, comma, max] = braces.exec(source) ?? []
    at += whole.length
    if (comma === undefined) return [Number(min), Number(min)]
    return [Number(min), max === undefined ? undefined : Number(max)]
  }

  function sequence(isNested: boolean): number[] {
    const items: number[] = []
    for (;;) {
      const before = writer.count()
      const isGroup = source[at] === '('
      const unit = item()
      if (unit === undefined) break
      space(isNested)
      const all = quantified(unit, isGroup ? Math.max(1, writer.count() - before) : 1, isNested)
      writer.reserve(all.length)
      for (const element of all) items.push(element)
    }
    if (quantifier() !== undefined) fail('a repetition of nothing')
    return items
  }

  /** `weight`: how many rules one repetition of the unit counts for. */
  function quantified(unit: readonly number[], weight: number, isNested: boolean): readonly number[] {
    const times = quantifier()
    if (times === undefined) return unit
    if (unit.length === 0) fail('a repetition of nothing')
    space(isNested)
    const [min, max] = times
    const total = weight * (max !== undefined && max > 0 ? max : Math.max(min, 1))
    if (total > MAX_REPETITION || (max ?? min) < min) fail('a repetition out of bounds')
    return quantified(repeated(unit, min, max), total, isNested)
  }

  /** `S{2,4}` becomes `S S more2`, where `more2 ::= S more1 |` and `more1 ::= S |`. */
  function repeated(unit: readonly number[], min: number, max: number | undefined): number[] {
    writer.reserve(unit.length * (min + (max === undefined ? 1 : max - min)) + min)
    const items = Array.from({ length: min }, () => unit).flat()
    if (max === undefined) {
      const more = writer.unnamed()
      writer.define(more, [[...unit, more], []])
      return [...items, more]
    }
    let last: number | undefined
    for (let i = min; i < max; i++) {
      const more = writer.unnamed()
      writer.define(more, [last === undefined ? [...unit] : [...unit, last], []])
      last = more
    }
    return last === undefined ? items : [...items, last]
  }

  function alternatives(isNested: boolean): number[][] {
    const options = [sequence(isNested)]
    while (source[at] === '|') {
      at += 1
      space(true)
      options.push(sequence(isNested))
    }
    return options
  }

  space(true)
  while (at < source.length) {
    const rule = writer.named(word())
    space(false)
    if (!source.startsWith('::=', at)) fail('no ::= behind the name of a rule')
    at += 3
    space(true)
    writer.define(rule, alternatives(false))
    if (at < source.length && !/[\r\n]/.test(source[at] ?? '')) fail('something unexpected')
    space(true)
  }
  return writer.finish()
}
