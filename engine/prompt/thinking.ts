import { heldBack } from './partial-tag.ts'

/** What a model writes around its thoughts. */
export interface ThinkingTags {
  open: string
  close: string
}

/** Pairs whose closing tag does not follow from the opening one. */
const PAIRS: readonly ThinkingTags[] = [
  { open: '[THINK]', close: '[/THINK]' },
  { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  { open: '<|inner_prefix|>', close: '<|inner_suffix|>' },
  { open: '<|channel>thought', close: '<channel|>' },
]

/** `<think>`, `<thinking>`, `<thought>`, `<seed:think>` and the like. */
const CLOSING_TAG = /<\/((?:[a-z]+:)?(?:think|thinking|thought|thoughts|reasoning))>/

/**
 * The tags a template puts around thoughts; undefined when it knows none. A closing tag is enough: templates that
 * only cut old thoughts away look for nothing else.
 */
export function thinkingTags(template: string): ThinkingTags | undefined {
  if (template.includes('</think>')) return { open: '<think>', close: '</think>' }
  const name = CLOSING_TAG.exec(template)?.[1]
  if (name !== undefined) return { open: `<${name}>`, close: `</${name}>` }
  return PAIRS.find((pair) => template.includes(pair.open) && template.includes(pair.close))
}

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
 * Where a splitter stands. `before`: only white space so far; `opened` and `closed`: white space after a tag is
 * being eaten.
 */
type State = 'before' | 'opened' | 'thought' | 'closed' | 'content'

/**
 * Tells a leading thought from the answer while the text grows, as ollama's parser for thinking does: white space,
 * the opening tag, white space, thought up to the closing tag, white space, answer. Text that does not begin with
 * the opening tag is answer, untouched. `startsInside`: the prompt has opened the thought already.
 */
export function thinkingSplitter(tags: ThinkingTags, startsInside = false): ThinkingSplitter {
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
      case 'opened':
      case 'closed': {
        const rest = text.trimStart()
        if (rest === '') return undefined
        state = state === 'opened' ? 'thought' : 'content'
        return rest
      }
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
    if (tags.open.startsWith(rest)) {
      held = rest
      return undefined
    }
    state = startsInside ? 'thought' : 'content'
    if (!startsInside) add(pieces, 'text', margin)
    return rest
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
