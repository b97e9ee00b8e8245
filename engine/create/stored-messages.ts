import { goJson, goMapJson } from '../../formats/go-json-write.ts'
import type { Message, ToolCall } from '../types.ts'

/** The messages layer as Ollama writes it: the keys of its API, empty ones left out. */
export const messagesJson = (messages: readonly Message[]): string =>
  `[${messages.map(messageJson).join(',')}]\n`

function messageJson(message: Message): string {
  const { toolCalls = [] } = message
  return object([
    ['role', goJson(message.role)],
    ['content', goJson(message.content)],
    ['thinking', message.thinking && goJson(message.thinking)],
    [
      'images',
      message.images && goJson(message.images.map((image) => Buffer.from(image).toString('base64'))),
    ],
    ['tool_calls', toolCalls.length > 0 ? `[${toolCalls.map(callJson).join(',')}]` : undefined],
    ['tool_name', message.toolName && goJson(message.toolName)],
    ['tool_call_id', message.toolCallId && goJson(message.toolCallId)],
  ])
}

const callJson = (call: ToolCall, index: number): string =>
  object([
    ['id', call.id && goJson(call.id)],
    [
      'function',
      object([
        ['index', String(index)],
        ['name', goJson(call.name)],
        ['arguments', goMapJson(call.arguments)],
      ]),
    ],
  ])

const object = (entries: readonly [key: string, json: string | undefined][]): string =>
  `{${entries.flatMap(([key, json]) => (json ? [`"${key}":${json}`] : [])).join(',')}}`
