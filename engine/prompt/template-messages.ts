import type { Message, ToolCall } from '../types.ts'

/** A message with the keys Hugging Face templates read. */
export type TemplateMessage = Record<string, unknown>

/** How a template wants a call's arguments: most take an object, some join text. */
export type ArgumentsAs = 'object' | 'text'

/** Messages as templates read them. A tool's result gets the name of the call it answers when it has none. */
export function toTemplateMessages(
  messages: readonly Message[],
  argumentsAs: ArgumentsAs,
): TemplateMessage[] {
  const names = new Map<string, string>()
  return messages.map((message) => {
    for (const call of message.toolCalls ?? []) if (call.id !== undefined) names.set(call.id, call.name)
    return toTemplateMessage(message, names, argumentsAs)
  })
}

function toTemplateMessage(
  message: Message,
  names: ReadonlyMap<string, string>,
  argumentsAs: ArgumentsAs,
): TemplateMessage {
  const { role, content, thinking, toolCalls, toolCallId } = message
  const name = message.toolName ?? names.get(toolCallId ?? '')
  return {
    role,
    content,
    // Templates use either key for what the model thought before this answer.
    ...(thinking === undefined || thinking === '' ? {} : { reasoning_content: thinking, thinking }),
    ...(toolCalls === undefined || toolCalls.length === 0
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
