import type { Marks, Slot } from '../tool-format/types.ts'
import { literal } from './gbnf.ts'

/** The rule for optional white space. */
export type Blank = string

/** Texts as they are, white space in them as the template has it or as JSON allows it. */
export function markItems(marks: Marks, blank: Blank): string[] {
  return marks.flatMap((mark) => (typeof mark === 'string' ? textItems(mark, blank) : [slot(mark)]))
}

function textItems(text: string, blank: Blank): string[] {
  const parts = text.match(/\s+|\S+/g) ?? []
  return parts.map((part) => {
    if (part.trim() !== '') return literal(part)
    return part.length > 1 ? `(${literal(part)} | ${blank})` : blank
  })
}

/** Pieces of JSON: strings as they are, white space anywhere between. */
export function jsonItems(marks: Marks, blank: Blank): string[] {
  const slots: Slot[] = []
  const text = marks
    .map((mark) => {
      if (typeof mark === 'string') return mark
      slots.push(mark)
      return SLOT
    })
    .join('')
  const tokens = text.match(/"(?:[^"\\]|\\.)*"?|\s+|[\s\S]/g) ?? []
  return tokens.flatMap((token) => {
    if (token.trim() === '') return [blank]
    if (/^[{[,:]$/.test(token)) return [literal(token), blank]
    if (/^[}\]]$/.test(token)) return [blank, literal(token)]
    return token
      .split(new RegExp(`(${SLOT})`))
      .filter((part) => part !== '')
      .map((part) => (part === SLOT ? slot(slots.shift() ?? { slot: 'index' }) : literal(part)))
  })
}

/** Stands for a place while a text is cut up. */
const SLOT = '\uE0D3'

function slot(place: Slot): string {
  if (place.slot === 'index') return '[0-9]{1,3}'
  return place.length === undefined ? '[a-zA-Z0-9_-]{1,40}' : `[a-zA-Z0-9]{${place.length}}`
}

/** One item after another, with no white space asked for twice. */
export function joined(items: readonly string[], blank: Blank): string {
  const kept: string[] = []
  for (const item of items) {
    const last = kept.at(-1)
    const isRepeated = item === blank && (last === blank || last?.endsWith(`| ${blank})`))
    if (item !== '' && !isRepeated) kept.push(item)
  }
  return kept.join(' ')
}
