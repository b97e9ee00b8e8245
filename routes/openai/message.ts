import { z } from 'zod'
import type { Message, ToolCall } from '../../engine/types.ts'
import { maybe } from '../wire/maybe.ts'
import { Content, readContent } from './content.ts'

/** The arguments of a past call: JSON in a string, as the wire has it, or the object some clients send. */
const Arguments = z
  .unknown()
  .optional()
  .transform((value, context): Record<string, unknown> => {
    const parsed = typeof value === 'string' ? parseArguments(value) : (value ?? {})
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
    context.addIssue({ code: 'custom', message: 'invalid tool call arguments' })
    return z.NEVER
  })

function parseArguments(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: refused above like any other value that is no object.
    return undefined
  }
}

const FunctionCall = z.object({ name: z.string(), arguments: Arguments })

const WireMessage = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: maybe(Content),
  name: maybe(z.string()),
  tool_calls: maybe(z.array(z.object({ id: maybe(z.string()), function: FunctionCall }))),
  function_call: maybe(FunctionCall).describe('What tool_calls replaced'),
  tool_call_id: maybe(z.string()),
  reasoning_content: maybe(z.string()),
  reasoning: maybe(z.string()),
  thinking: maybe(z.string()),
})
export type WireMessage = z.infer<typeof WireMessage>

/** The conversation of a request, at least one message long. */
export const Messages = z.preprocess(
  (value) => value ?? [],
  z.array(WireMessage).min(1, "[] is too short - 'messages'"),
)

/** A conversation in engine words. Throws RequestError for media that cannot be read. */
export function toMessages(conversation: readonly WireMessage[]): Message[] {
  const nameOfCall = new Map<string, string>()
  return conversation.map((wire) => {
    for (const { id, function: call } of wire.tool_calls ?? []) {
      if (id !== undefined) nameOfCall.set(id, call.name)
    }
    const { text, images } = readContent(wire.content ?? [])
    return {
      role: ROLES[wire.role],
      content: text,
      ...(images.length > 0 ? { images } : {}),
      ...(wire.role === 'assistant' ? ofAssistant(wire) : {}),
      ...(ROLES[wire.role] === 'tool' ? ofTool(wire, nameOfCall) : {}),
    }
  })
}

const ROLES: Record<WireMessage['role'], string> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
}

function ofAssistant(wire: WireMessage): Partial<Message> {
  const thinking = wire.reasoning_content ?? wire.reasoning ?? wire.thinking
  const toolCalls: ToolCall[] = (wire.tool_calls ?? []).map(({ id, function: call }) => ({
    ...(id === undefined ? {} : { id }),
    ...call,
  }))
  if (wire.function_call !== undefined) toolCalls.push(wire.function_call)
  return {
    ...(thinking === undefined || thinking === '' ? {} : { thinking }),
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
  }
}

/** The name comes from the latest call with that id; a legacy function message brings its own. */
function ofTool(wire: WireMessage, nameOfCall: ReadonlyMap<string, string>): Partial<Message> {
  const id = wire.tool_call_id
  const toolName = (id === undefined ? undefined : nameOfCall.get(id)) ?? wire.name
  return {
    ...(id === undefined ? {} : { toolCallId: id }),
    ...(toolName === undefined ? {} : { toolName }),
  }
}
