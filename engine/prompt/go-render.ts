/** Prompts from templates in Go's syntax (ollama template/template.go, `Execute`). */

import { executeGoTemplate } from '../../formats/go-template/execute.ts'
import type { Message, Tool } from '../types.ts'
import { type CompiledGoTemplate, worded } from './go-compile.ts'
import { cutBehindResponse } from './go-cut.ts'
import { goTools } from './go-tools.ts'
import { goMessages } from './go-values.ts'

/** What a template is told about thinking. */
export interface GoThink {
  Think: boolean
  /** `medium` for a plain yes, empty for no. */
  ThinkLevel: string
  IsThinkSet: boolean
}

export interface GoInput {
  messages: readonly Message[]
  tools: readonly Tool[]
  think: GoThink
  now: Date
}

/**
 * The prompt of a conversation. A template that knows no messages is run once a turn, and the last time only up to
 * the answer. Throws EngineError `bad_template`.
 */
export function renderGo(compiled: CompiledGoTemplate, { messages, tools, think, now }: GoInput): string {
  const collated = collate(messages)
  if (!compiled.fields.has('messages')) return renderTurns(compiled, collated, think, now)
  const data = {
    System: systemOf(messages),
    Messages: goMessages(collated),
    Tools: goTools(tools),
    Response: '',
    ...think,
  }
  return worded(() => executeGoTemplate(compiled.template, data, now))
}

/** The prompt around a gap. Throws EngineError `bad_template`. */
export function renderGoInsert(
  { template }: CompiledGoTemplate,
  gap: { prompt: string; suffix: string },
  think: GoThink,
  now: Date,
): string {
  const data = { Prompt: gap.prompt, Suffix: gap.suffix, Response: '', ...think }
  return worded(() => executeGoTemplate(template, data, now))
}

const systemOf = (messages: readonly Message[]): string =>
  messages
    .filter((message) => message.role === 'system')
    .map((message) => message.content)
    .join('\n\n')

/** Messages of one role behind each other become one, with a blank line between; results of tools stay apart. */
function collate(messages: readonly Message[]): Message[] {
  const collated: Message[] = []
  for (const message of messages) {
    const last = collated.at(-1)
    if (last === undefined || last.role !== message.role || message.role === 'tool') collated.push(message)
    else collated[collated.length - 1] = joined(last, message)
  }
  return collated
}

function joined(first: Message, second: Message): Message {
  const images = [...(first.images ?? []), ...(second.images ?? [])]
  const toolCalls = [...(first.toolCalls ?? []), ...(second.toolCalls ?? [])]
  return {
    ...first,
    content: `${first.content}\n\n${second.content}`,
    ...(images.length === 0 ? {} : { images }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  }
}

/** One turn: what the system says, what the user says, and the answer. */
interface Turn {
  System: string
  Prompt: string
  Response: string
}

const FIELDS: ReadonlyMap<string, keyof Turn> = new Map([
  ['system', 'System'],
  ['user', 'Prompt'],
  ['assistant', 'Response'],
])
/** What a turn must not have yet for a message of a role to belong to it. */
const ENDED_BY: Readonly<Record<keyof Turn, readonly (keyof Turn)[]>> = {
  System: ['Prompt', 'Response'],
  Prompt: ['Response'],
  Response: [],
}
const EMPTY: Turn = { System: '', Prompt: '', Response: '' }

function renderTurns(
  { template }: CompiledGoTemplate,
  messages: readonly Message[],
  think: GoThink,
  now: Date,
): string {
  const turns = turnsOf(messages)
  const last = turns.pop() ?? EMPTY
  return worded(() => {
    const past = turns.map((turn) => executeGoTemplate(template, { ...turn, ...think }, now))
    const open = executeGoTemplate(cutBehindResponse(template), { ...last, ...think }, now)
    return past.join('') + open
  })
}

function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [EMPTY]
  for (const { role, content } of messages) {
    const field = FIELDS.get(role)
    if (field === undefined) continue
    const turn = turns.at(-1) ?? EMPTY
    const isNext = ENDED_BY[field].some((each) => turn[each] !== '')
    if (isNext) turns.push({ ...EMPTY, [field]: content })
    else turns[turns.length - 1] = { ...turn, [field]: content }
  }
  return turns
}
