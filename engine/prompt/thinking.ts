import { heldBack } from './partial-tag.ts'
import type { ThinkingTags } from './thinking-tags.ts'

/** True when what follows `prompt` is a thought that the prompt has opened. */
export function endsInThought(prompt: string, tags: ThinkingTags): boolean {
  return prompt.trimEnd().endsWith(tags.open)
}

/** True when a text that the model is to go on with stops in the middle of a thought. */
export function leavesThoughtOpen(text: string, tags: ThinkingTags): boolean {
  return text.lastIndexOf(tags.open) > text.lastIndexOf(tags.close)
}

export interface ThinkingPiece {
  kind: 'thinking' | 'text'
  text: string
}

export interface ThinkingSplitter {
  push(text: string): ThinkingPiece[]
  /** The text has ended: what was held back comes out as what it is. */
  flush(): ThinkingPiece[]
}

/**
 * Where a splitter stands. `before`: only white space so far; `opened`: white space after the tag is being eaten;
 * `closed`: white space, and what stands before an answer.
 */
type State = 'before' | 'opened' | 'thought' | 'closed' | 'content'

/**
 * Tells a leading thought from the answer while the text grows, as ollama's parser for thinking does: white space,
 * the opening tag, white space, thought up to the closing tag, white space, answer. What a template puts before
 * every answer is left out. Text that does not begin with a tag is answer, untouched. `startsInside`: the prompt has
 * opened the thought already.
 */
export function thinkingSplitter(tags: ThinkingTags, startsInside = false): ThinkingSplitter {
  const frame = tags.answer
  // The longest first.
  const frames = frame === undefined ? [] : [frame.turn + frame.open, frame.turn, frame.open]
  let state: State = 'before'
  /** White space seen before anything else, in case it turns out to belong to the answer. */
  let margin = ''
  /** Text that may be the start of a tag; shorter than the tag. */
  let held = ''

  /** Takes one step into `text` and returns the rest, or undefined when more text is needed. */
  function step(text: string, pieces: ThinkingPiece[]): string | undefined {
    switch (state) {
      case 'before':
        return begin(text, pieces)
      case 'thought':
        return think(text, pieces)
      case 'opened': {
        const rest = text.trimStart()
        if (rest === '') return undefined
        state = 'thought'
        return rest
      }
      case 'closed':
        return answer(text.trimStart())
      case 'content':
        add(pieces, 'text', text)
        return undefined
    }
  }

  function begin(text: string, pieces: ThinkingPiece[]): string | undefined {
    const rest = text.trimStart()
    margin += text.slice(0, text.length - rest.length)
    if (rest.startsWith(tags.open)) {
      state = 'opened'
      return rest.slice(tags.open.length)
    }
    if (!startsInside && frame !== undefined && rest.startsWith(frame.open)) {
      state = 'content'
      return rest.slice(frame.open.length)
    }
    if (tags.open.startsWith(rest) || (!startsInside && frame?.open.startsWith(rest))) {
      held = rest
      return undefined
    }
    state = startsInside ? 'thought' : 'content'
    if (!startsInside) add(pieces, 'text', margin)
    return rest
  }

  /** Behind a thought: goes past what is no part of the answer. */
  function answer(text: string): string | undefined {
    if (frames.some((whole) => whole.length > text.length && whole.startsWith(text))) {
      held = text
      return undefined
    }
    if (text === '') return undefined
    state = 'content'
    return text.slice(frames.find((whole) => text.startsWith(whole))?.length ?? 0)
  }

  function think(text: string, pieces: ThinkingPiece[]): string | undefined {
    const end = text.indexOf(tags.close)
    if (end >= 0) {
      add(pieces, 'thinking', text.slice(0, end))
      state = 'closed'
      return text.slice(end + tags.close.length)
    }
    const safe = text.length - heldBack(text, tags.close)
    add(pieces, 'thinking', text.slice(0, safe))
    held = text.slice(safe)
    return undefined
  }

  return {
    push(text) {
      const pieces: ThinkingPiece[] = []
      let rest: string | undefined = held + text
      held = ''
      while (rest !== undefined && rest !== '') rest = step(rest, pieces)
      return pieces
    },
    flush() {
      const pieces: ThinkingPiece[] = []
      if (state === 'before' && !startsInside) add(pieces, 'text', margin + held)
      else if (state === 'closed') add(pieces, 'text', held)
      else add(pieces, 'thinking', held)
      held = ''
      margin = ''
      return pieces
    },
  }
}

function add(pieces: ThinkingPiece[], kind: ThinkingPiece['kind'], text: string): void {
  if (text !== '') pieces.push({ kind, text })
}
