import type { Parser } from '../answer.ts'
import { heldBack } from './partial-tag.ts'

/** What a model that thinks writes around its answer, because its template tells it to. */
export interface AnswerWrapper {
  open: string
  close: string
}

/** Granite's word and Hunyuan's. Names of their own only: `<tool_response>` is something else. */
const NAMES = ['response', 'answer']

/** The wrapper that a chat template, in any syntax, speaks of; undefined when it speaks of none. */
export function wrapperOf(template: string): AnswerWrapper | undefined {
  const name = NAMES.find((each) => template.includes(`<${each}>`) && template.includes(`</${each}>`))
  return name === undefined ? undefined : { open: `<${name}>`, close: `</${name}>` }
}

/**
 * Takes a wrapper off a growing answer, and the white space inside it. An answer that does not begin with one is
 * untouched. A closing tag counts at the very end alone: before other text it belongs to the answer.
 */
export function unwrapped({ open, close }: AnswerWrapper): Parser {
  let state: 'before' | 'opened' | 'inside' | 'bare' = 'before'
  /** What may be a tag, or white space beside one. */
  let held = ''
  const text = (value: string) => (value === '' ? [] : [{ kind: 'text' as const, text: value }])

  function begin(): void {
    const begun = held.trimStart()
    if (begun.startsWith(open)) {
      state = 'opened'
      held = begun.slice(open.length)
    } else if (!open.startsWith(begun)) state = 'bare'
  }

  /** Where what may end the answer begins. */
  function endOf(answer: string): number {
    const at = answer.lastIndexOf(close)
    const isLast = at >= 0 && answer.slice(at + close.length).trim() === ''
    const end = isLast ? at : answer.length - heldBack(answer, close)
    return answer.slice(0, end).trimEnd().length
  }

  function give(end: number) {
    const given = held.slice(0, end)
    held = held.slice(end)
    return text(given)
  }

  return {
    push(piece) {
      held += piece
      if (state === 'before') begin()
      if (state === 'opened') {
        held = held.trimStart()
        if (held !== '') state = 'inside'
      }
      if (state === 'bare') return give(held.length)
      return state === 'inside' ? give(endOf(held)) : []
    },
    flush() {
      if (state === 'inside' && held.trim().startsWith(close)) held = ''
      return give(held.length)
    },
  }
}
