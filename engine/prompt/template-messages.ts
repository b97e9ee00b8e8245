import type { Message, ToolCall } from '../types.ts'

/** A message with the keys Hugging Face templates read. */
export type TemplateMessage = Record<string, unknown>

/** How a template wants a call's arguments: most take an object, some join text. */
export type ArgumentsAs = 'object' | 'text'

/** What templates differ in. */
export interface MessageHabits {
  argumentsAs: ArgumentsAs
  /** The names under which the template may look for what the model thought before an answer. */
  thoughtKeys: readonly string[]
  /** Calls without text have no content at all, rather than an empty one. */
  omitsContent: boolean
}

/** Messages as templates read them. A tool's result gets the name of the call it answers when it has none. */
export function toTemplateMessages(messages: readonly Message[], habits: MessageHabits): TemplateMessage[] {
  const names = new Map<string, string>()
  return messages.map((message) => {
    for (const call of message.toolCalls ?? []) if (call.id !== undefined) names.set(call.id, call.name)
    return toTemplateMessage(message, names, habits)
  })
}

function toTemplateMessage(
  message: Message,
  names: ReadonlyMap<string, string>,
  { argumentsAs, thoughtKeys, omitsContent }: MessageHabits,
): TemplateMessage {
  const { role, content, thinking = '', toolCallId } = message
  const toolCalls = message.toolCalls ?? []
  const name = message.toolName ?? names.get(toolCallId ?? '')
  return {
    role,
    content: omitsContent && content === '' && toolCalls.length > 0 ? null : content,
    ...(thinking === '' ? {} : Object.fromEntries(thoughtKeys.map((key) => [key, thinking]))),
    ...(toolCalls.length === 0
      ? {}
      : { tool_calls: toolCalls.map((call) => toTemplateCall(call, argumentsAs)) }),
    ...(role === 'tool' && name !== undefined ? { name } : {}),
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
  }
}

function toTemplateCall(call: ToolCall, argumentsAs: ArgumentsAs): Record<string, unknown> {
  const args = argumentsAs === 'text' ? JSON.stringify(call.arguments) : call.arguments
  return {
    ...(call.id === undefined ? {} : { id: call.id }),
    type: 'function',
    function: { name: call.name, arguments: args },
  }
}
