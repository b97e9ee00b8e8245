import { heldBack } from './partial-tag.ts'

/** Gathers a growing text up to a mark. */
export interface UntilMark {
  /** Undefined until the mark is there; then what was before it and what follows. */
  take(text: string): { before: string; rest: string } | undefined
}

/** `goesOn`: asked with the text up to a mark, tells whether that mark is a part of the text. */
export function untilMark(mark: string, goesOn: (text: string) => boolean = () => false): UntilMark {
  let before = ''
  let held = ''
  return {
    take(text) {
      let rest = held + text
      held = ''
      for (let at = rest.indexOf(mark); at >= 0; at = rest.indexOf(mark)) {
        const part = rest.slice(0, at)
        rest = rest.slice(at + mark.length)
        if (!goesOn(part)) return { before: before + part, rest }
        goesOn(mark)
        before += part + mark
      }
      const safe = rest.length - heldBack(rest, mark)
      goesOn(rest.slice(0, safe))
      before += rest.slice(0, safe)
      held = rest.slice(safe)
      return undefined
    },
  }
}
