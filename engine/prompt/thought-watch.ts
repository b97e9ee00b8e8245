import { heldBack } from './partial-tag.ts'

/** The tags around the thought an answer may begin with. `isOpen`: the answer begins inside of it. */
export interface ThoughtTags {
  open: string
  close: string
  isOpen: boolean
}

/** Follows a growing answer past its thought. */
export interface ThoughtWatch {
  /** Takes a piece; gives what is known to stand behind the thought, or undefined while it goes on. */
  push(piece: string): string | undefined
  /** The text so far ends inside the thought. */
  isInside(): boolean
}

/** An answer without `thought` has none to go past. */
export function thoughtWatch(thought: ThoughtTags | undefined): ThoughtWatch {
  let place: 'before' | 'thought' | 'answer' =
    thought === undefined ? 'answer' : thought.isOpen ? 'thought' : 'before'
  /** The end of the text, as far as it may be the beginning of a tag. */
  let held = ''

  /** Past white space: whether the text begins with a thought, once that is known. */
  function placeOf(text: string, open: string): typeof place {
    const begun = text.trimStart()
    if (begun.length < open.length && open.startsWith(begun)) return 'before'
    return begun.startsWith(open) ? 'thought' : 'answer'
  }

  return {
    push(piece) {
      if (thought === undefined || place === 'answer') return piece
      const text = held + piece
      if (place === 'before') place = placeOf(text, thought.open)
      if (place === 'answer') return text
      const end = place === 'thought' ? text.indexOf(thought.close) : -1
      if (end >= 0) {
        place = 'answer'
        return text.slice(end + thought.close.length)
      }
      held = place === 'before' ? text : text.slice(text.length - heldBack(text, thought.close))
      return undefined
    },
    isInside: () => place === 'thought',
  }
}
