import type { Marks, ToolCallFormat } from './types.ts'

/** What the format has between what it is known by and the first name. */
export function openingBehind({ triggers, section, call }: ToolCallFormat): Marks {
  const marks = [...section.open, ...call.open]
  const trigger = triggers.at(-1) ?? ''
  const at = marks.findIndex((mark) => typeof mark === 'string' && mark.trim() !== '')
  const joined = joinedTexts(marks.slice(Math.max(0, at)))
  const [first = ''] = joined
  if (typeof first !== 'string') return joined
  const start = first.indexOf(trigger)
  return start < 0 ? joined : [first.slice(start + trigger.length), ...joined.slice(1)]
}

/** Neighbouring texts as one: a tag may be cut between what is around all calls and around one. */
export function joinedTexts(marks: Marks): Marks {
  const joined: Marks[number][] = []
  for (const mark of marks) {
    const last = joined.at(-1)
    if (typeof last === 'string' && typeof mark === 'string') joined.splice(-1, 1, last + mark)
    else joined.push(mark)
  }
  return joined
}
