import { z } from 'zod'
import type { Message as EngineMessage, Tool as EngineTool, ToolCall } from '../../engine/types.ts'
import { decodeBase64 } from '../wire/base64.ts'
import { maybe } from '../wire/maybe.ts'
import { integer, list, orIssue, text } from './fields.ts'

/** Bytes that travel as base64. */
export const images = () =>
  list(z.string('api.ImageData').transform(orIssue(decodeBase64)), '[]api.ImageData')

const CallRequest = z.object(
  {
    id: text(),
    function: z
      .object(
        {
          index: integer(),
          name: text(),
          arguments: maybe(z.record(z.string(), z.unknown(), 'api.ToolCallFunctionArguments')),
        },
        'api.ToolCallFunction',
      )
      .nullish(),
  },
  'api.ToolCall',
)

/** One turn of a conversation as clients send it. */
export const MessageRequest = z.object(
  {
    role: text(),
    content: text(),
    thinking: text(),
    images: images(),
    tool_calls: list(CallRequest, '[]api.ToolCall'),
    tool_name: text(),
    tool_call_id: text(),
  },
  'api.Message',
)
export type MessageRequest = z.output<typeof MessageRequest>

export function toMessage(message: MessageRequest): EngineMessage {
  return {
    role: message.role.toLowerCase(),
    content: message.content,
    ...(message.thinking === '' ? {} : { thinking: message.thinking }),
    ...(message.images.length === 0 ? {} : { images: message.images }),
    ...(message.tool_calls.length === 0 ? {} : { toolCalls: message.tool_calls.map(toCall) }),
    ...(message.tool_name === '' ? {} : { toolName: message.tool_name }),
    ...(message.tool_call_id === '' ? {} : { toolCallId: message.tool_call_id }),
  }
}

function toCall(call: z.output<typeof CallRequest>): ToolCall {
  return {
    ...(call.id === '' ? {} : { id: call.id }),
    name: call.function?.name ?? '',
    arguments: call.function?.arguments ?? {},
  }
}

/** A call as Ollama sends it: the arguments are an object, never text. */
export function toWireCall(call: ToolCall & { id: string }, index: number) {
  return { id: call.id, function: { index, name: call.name, arguments: call.arguments } }
}

/** Only what the server itself looks at is checked. */
const ToolShape = z.object(
  {
    type: text(),
    function: z
      .object(
        {
          name: text(),
          description: text(),
          parameters: z.object({ type: text() }, 'api.ToolFunctionParameters').nullish(),
        },
        'api.ToolFunction',
      )
      .nullish(),
  },
  'api.Tool',
)

/** A tool reaches the template as the client wrote it: key order and keywords we do not know included. */
export const ToolRequest = z.unknown().transform((sent, context): EngineTool => {
  const shape = ToolShape.safeParse(sent, { reportInput: true })
  if (!shape.success) {
    // zod adds where the tool stands to the path of each.
    context.issues.push(...(shape.error.issues as z.core.$ZodRawIssue[]))
    return z.NEVER
  }
  const tool = withoutNulls(sent as Record<string, unknown>)
  const described = withoutNulls((tool.function ?? {}) as Record<string, unknown>)
  const name = shape.data.function?.name ?? ''
  return { ...tool, type: shape.data.type, function: { ...described, name } }
})

const withoutNulls = (object: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
