/** Code points as sorted ranges that neither touch nor overlap. */
export type CharSet = readonly (readonly [low: number, high: number])[]

const LAST = 0x10ffff
/** Halves of surrogate pairs are not characters. */
const SURROGATES: CharSet = [[0xd800, 0xdfff]]

/** Brings ranges in any order into the form of a CharSet. */
export function charSet(ranges: CharSet): CharSet {
  const sorted = [...ranges].sort(([a], [b]) => a - b)
  const merged: [number, number][] = []
  for (const [low, high] of sorted) {
    const last = merged.at(-1)
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high)
    else merged.push([low, high])
  }
  return merged
}

export function charsOf(text: string): CharSet {
  return charSet([...text].map((char) => [char.codePointAt(0) ?? 0, char.codePointAt(0) ?? 0]))
}

export function complement(set: CharSet): CharSet {
  const ranges: [number, number][] = []
  let next = 0
  for (const [low, high] of charSet([...set, ...SURROGATES])) {
    if (low > next) ranges.push([next, low - 1])
    next = high + 1
  }
  if (next <= LAST) ranges.push([next, LAST])
  return ranges
}

export function without(set: CharSet, removed: CharSet): CharSet {
  return complement([...complement(set), ...removed])
}

export function contains(set: CharSet, point: number): boolean {
  return set.some(([low, high]) => low <= point && point <= high)
}

/**
 * The set as a GBNF character class. Undefined when it is empty. Never in the negated form, which would let llama.cpp
 * take halves of surrogate pairs and what lies past the last character.
 */
export function toClass(set: CharSet): string | undefined {
  return set.length === 0 ? undefined : `[${set.map(range).join('')}]`
}

function range([low, high]: readonly [number, number]): string {
  if (low === high) return classChar(low)
  return classChar(low) + (high > low + 1 ? '-' : '') + classChar(high)
}

/** Everything but letters, digits and blanks in hex: no character of a class can then mean something else. */
function classChar(point: number): string {
  const char = String.fromCodePoint(point)
  if (/[a-zA-Z0-9 ]/.test(char)) return char
  if (point <= 0xff) return `\\x${point.toString(16).padStart(2, '0').toUpperCase()}`
  if (point <= 0xffff) return `\\u${point.toString(16).padStart(4, '0').toUpperCase()}`
  return `\\U${point.toString(16).padStart(8, '0').toUpperCase()}`
}

/** Every character there is. */
export const ALL_CHARS: CharSet = complement([])
