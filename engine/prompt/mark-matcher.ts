import type { Marks } from './tool-format/types.ts'

/**
 * Compares a growing text with marks, white space left out on both sides: models are less exact about it than
 * templates. A place that differs from call to call takes what stands there up to the next mark.
 */
export interface MarkMatcher {
  /** `matched` and `failed` stay; with `matched` the next character is the first behind the marks. */
  take(char: string): 'more' | 'matched' | 'failed'
}

/** Characters an id or a number may have. */
const MAX_SLOT = 200

export function markMatcher(marks: Marks): MarkMatcher {
  const expected = marks.flatMap((mark) =>
    typeof mark === 'string' ? [...mark.replace(/\s+/g, '')] : [undefined],
  )
  let at = 0
  let inSlot = 0
  return {
    take(char) {
      if (/\s/.test(char)) return 'more'
      if (expected[at] === undefined && at < expected.length) {
        inSlot += 1
        if (inSlot > MAX_SLOT) return 'failed'
        if (char !== expected[at + 1]) return 'more'
        at += 1
      }
      if (char !== expected[at]) return 'failed'
      at += 1
      inSlot = 0
      return at === expected.length ? 'matched' : 'more'
    },
  }
}

export const isBlank = (marks: Marks): boolean =>
  marks.every((mark) => typeof mark === 'string' && mark.trim() === '')

/** What comes of comparing a text with several marks at once. */
export interface Choice {
  /** Looks at the text; undefined while it is open which it is, -1 when it is none. */
  take(text: string): { which: number; rest: string } | undefined
}

/** The first of the marks to be there wins. When none is, `rest` is all there was since the beginning. */
export function choiceOf(marks: readonly Marks[]): Choice {
  const open = new Map(marks.map((each, which) => [which, markMatcher(each)]))
  let seen = ''

  /** Which of them the character completes. */
  function matchedBy(char: string): number | undefined {
    for (const [which, matcher] of open) {
      const found = matcher.take(char)
      if (found === 'matched') return which
      if (found === 'failed') open.delete(which)
    }
    return undefined
  }

  return {
    take(text) {
      for (let at = 0; at < text.length; at++) {
        const which = matchedBy(text.charAt(at))
        if (which !== undefined) return { which, rest: text.slice(at + 1) }
        if (open.size === 0) return { which: -1, rest: seen + text }
      }
      seen += text
      return undefined
    },
  }
}
