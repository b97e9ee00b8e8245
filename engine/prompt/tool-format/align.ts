/**
 * What two texts have in common at their beginnings and ends. Numbers are alike whatever their digits are, because
 * templates count calls; and nothing is cut in the middle of a tag, because tags often begin or end alike.
 */

const tokensOf = (text: string): string[] => text.match(/\d+|\D/gu) ?? []

const isNumber = (token: string): boolean => /^\d/.test(token)

const areAlike = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && (a === b || (isNumber(a) && isNumber(b)))

/** The beginning of `a` that `b` has too. */
export function commonStart(a: string, b: string): string {
  const [left, right] = [tokensOf(a), tokensOf(b)]
  let count = 0
  while (areAlike(left[count], right[count])) count++
  const start = left.slice(0, count).join('')
  // At the end of one of them nothing is cut.
  return count === left.length && count === right.length ? start : start.slice(0, tagStart(a, start.length))
}

/** The end of `a` that `b` has too. */
export function commonEnd(a: string, b: string): string {
  const [left, right] = [tokensOf(a).reverse(), tokensOf(b).reverse()]
  let count = 0
  while (areAlike(left[count], right[count])) count++
  const end = left.slice(0, count).reverse().join('')
  const at = a.length - end.length
  if (tagStart(a, at) === at) return end
  const next = a.indexOf('<', at)
  return next < 0 ? '' : a.slice(next)
}

/** Where the tag begins that `at` is in the middle of, else `at`. */
export function tagStart(text: string, at: number): number {
  if (at === 0 || at === text.length) return at
  const angle = text.lastIndexOf('<', at - 1)
  if (angle > text.lastIndexOf('>', at - 1)) return angle
  const bracket = text.lastIndexOf('[', at - 1)
  return bracket >= 0 && /^\[[A-Z_/]*$/.test(text.slice(bracket, at)) && /^[A-Z_]*\]/.test(text.slice(at))
    ? bracket
    : at
}

/** The texts of two calls as one, with a place for the number where they count; undefined when they differ otherwise. */
export function countedText(first: string, second: string): (string | undefined)[] | undefined {
  const [left, right] = [tokensOf(first), tokensOf(second)]
  if (left.length !== right.length || !left.every((token, at) => areAlike(token, right[at]))) return undefined
  const parts: (string | undefined)[] = ['']
  for (const [at, token] of left.entries()) {
    if (token !== right[at]) parts.push(undefined, '')
    else parts.push((parts.pop() ?? '') + token)
  }
  return parts
}
