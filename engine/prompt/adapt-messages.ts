import type { Message } from '../types.ts'
import type { ArgumentsAs } from './template-messages.ts'

/** What can be changed about a conversation for a template that refuses it. */
export interface Conversation {
  messages: readonly Message[]
  argumentsAs: ArgumentsAs
  /** Pass an empty list of tools rather than none. */
  listNoTools: boolean
}

type Adaptation = (conversation: Conversation) => Conversation

/**
 * The conversation as it is, then with one change, then with more and more of them, for a caller that tries until
 * the template accepts. Changes that change nothing are left out. Meaning is kept: texts move and join, none goes.
 */
export function* conversations(messages: readonly Message[]): Generator<Conversation> {
  const original: Conversation = { messages, argumentsAs: 'object', listNoTools: false }
  yield original
  const seen = new Set([fingerprint(original)])
  const isNew = (conversation: Conversation) => {
    const size = seen.size
    return seen.add(fingerprint(conversation)).size > size
  }
  for (const adapt of ADAPTATIONS) {
    const adapted = adapt(original)
    if (isNew(adapted)) yield adapted
  }
  let adapted = original
  for (const adapt of ADAPTATIONS) {
    adapted = adapt(adapted)
    if (isNew(adapted)) yield adapted
  }
}

/** Templates do not see images, and bytes are long in JSON. */
function fingerprint(conversation: Conversation): string {
  return JSON.stringify(conversation, (key, value) => (key === 'images' ? undefined : value))
}

/** From the most harmless to the one that loses most structure. */
const ADAPTATIONS: readonly Adaptation[] = [
  onMessages(leadingSystem),
  onMessages(mergedRuns),
  onMessages(systemInUserTurn),
  onMessages(oneCallEach),
  onMessages(plainCallIds),
  (conversation) => ({ ...conversation, argumentsAs: 'text' }),
  (conversation) => ({ ...conversation, listNoTools: true }),
  onMessages(withoutThoughts),
  onMessages((messages) => mergedRuns(toolTurnsAsText(messages))),
]

function onMessages(change: (messages: readonly Message[]) => Message[]): Adaptation {
  return (conversation) => ({ ...conversation, messages: change(conversation.messages) })
}

const isSystem = (message: Message) => message.role === 'system'

function systemText(messages: readonly Message[]): string {
  const texts = messages.filter(isSystem).map((message) => message.content)
  return texts.filter((text) => text !== '').join('\n\n')
}

/** One system message, in front: many templates raise on any other. */
function leadingSystem(messages: readonly Message[]): Message[] {
  const rest = messages.filter((message) => !isSystem(message))
  const content = systemText(messages)
  return content === '' ? rest : [{ role: 'system', content }, ...rest]
}

/** No system message at all: its text begins the first user turn. */
function systemInUserTurn(messages: readonly Message[]): Message[] {
  const rest = messages.filter((message) => !isSystem(message))
  const system = systemText(messages)
  if (system === '') return rest
  const at = rest.findIndex((message) => message.role === 'user')
  const user = rest[at]
  if (user === undefined) return [{ role: 'user', content: system }, ...rest]
  return rest.with(at, { ...user, content: `${system}\n\n${user.content}` })
}

/** Consecutive messages of one role become one, with a blank line between; results of tools stay apart. */
function mergedRuns(messages: readonly Message[]): Message[] {
  const merged: Message[] = []
  for (const message of messages) {
    const last = merged.at(-1)
    if (last === undefined || last.role !== message.role || message.role === 'tool') merged.push(message)
    else merged.splice(-1, 1, merge(last, message))
  }
  return merged
}

function merge(a: Message, b: Message): Message {
  const joined = (...texts: (string | undefined)[]) => texts.filter((text) => text).join('\n\n')
  const thinking = joined(a.thinking, b.thinking)
  const images = [...(a.images ?? []), ...(b.images ?? [])]
  const toolCalls = [...(a.toolCalls ?? []), ...(b.toolCalls ?? [])]
  return {
    ...a,
    content: joined(a.content, b.content),
    ...(thinking === '' ? {} : { thinking }),
    ...(images.length === 0 ? {} : { images }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  }
}

/** For templates with room for one call a turn: each call gets a turn, its result behind it. */
function oneCallEach(messages: readonly Message[]): Message[] {
  const made: Message[] = []
  let pending: { turn: Message; results: Message[] } | undefined
  const settle = () => {
    if (pending !== undefined) made.push(...splitTurn(pending.turn, pending.results))
    pending = undefined
  }
  for (const message of messages) {
    if (message.role === 'tool' && pending !== undefined) pending.results.push(message)
    else {
      settle()
      if ((message.toolCalls ?? []).length < 2) made.push(message)
      else pending = { turn: message, results: [] }
    }
  }
  settle()
  return made
}

/** Results go to the call whose id they name, those without an id to the calls in order. */
function splitTurn(turn: Message, results: readonly Message[]): Message[] {
  const left = [...results]
  const turns = (turn.toolCalls ?? []).flatMap((call, place) => {
    const at = left.findIndex((each) => each.toolCallId === undefined || each.toolCallId === call.id)
    const answer = at < 0 ? [] : left.splice(at, 1)
    return [{ ...turn, content: place === 0 ? turn.content : '', toolCalls: [call] }, ...answer]
  })
  return [...turns, ...left]
}

/** Mistral's templates insist on ids of nine letters or digits. The same id stays the same id. */
function plainCallIds(messages: readonly Message[]): Message[] {
  const ids = new Map<string, string>()
  const plain = (id: string) => {
    const made = ids.get(id) ?? String(ids.size + 1).padStart(9, '0')
    ids.set(id, made)
    return made
  }
  let unnamed = 0
  return messages.map((message) => ({
    ...message,
    ...(message.toolCallId === undefined ? {} : { toolCallId: plain(message.toolCallId) }),
    ...(message.toolCalls && {
      toolCalls: message.toolCalls.map((call) => ({ ...call, id: plain(call.id ?? `unnamed ${unnamed++}`) })),
    }),
  }))
}

/** Some templates refuse a thought beside a call. */
function withoutThoughts(messages: readonly Message[]): Message[] {
  return messages.map(({ thinking: _, ...message }) => message)
}

/** For templates that know nothing of tools: calls and results as text of the two who talk. */
function toolTurnsAsText(messages: readonly Message[]): Message[] {
  return messages.map((message) => {
    if (message.role === 'tool') return { role: 'user', content: message.content }
    const { toolCalls, ...rest } = message
    if (toolCalls === undefined) return message
    const calls = toolCalls.map((call) => JSON.stringify({ name: call.name, arguments: call.arguments }))
    return { ...rest, content: [rest.content, ...calls].filter((text) => text !== '').join('\n') }
  })
}
