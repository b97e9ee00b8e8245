/** Messages as templates in Go's syntax see them: the fields of ollama api/types.go. */

import { type GoStruct, goList, goMap, goStruct } from '../../formats/go-template/value.ts'
import type { Message, ToolCall } from '../types.ts'

/** A tool's result gets the name of the call it answers when it has none. */
export function goMessages(messages: readonly Message[]) {
  const names = new Map<string, string>()
  const values = messages.map((message) => {
    for (const call of message.toolCalls ?? []) if (call.id !== undefined) names.set(call.id, call.name)
    return goMessage(message, message.toolName ?? names.get(message.toolCallId ?? '') ?? '')
  })
  return goList('[]*api.Message', values)
}

function goMessage(message: Message, toolName: string): GoStruct {
  const { role, content, thinking = '', images = [], toolCalls = [], toolCallId = '' } = message
  const calls = goList('[]api.ToolCall', toolCalls.map(goCall))
  const pictures = goList('[]api.ImageData', images)
  const members: [string, unknown][] = [
    ['role', role],
    ['content', content],
  ]
  if (thinking !== '') members.push(['thinking', thinking])
  if (images.length > 0) members.push(['images', pictures])
  if (toolCalls.length > 0) members.push(['tool_calls', calls])
  if (toolName !== '') members.push(['tool_name', toolName])
  if (toolCallId !== '') members.push(['tool_call_id', toolCallId])
  return goStruct({
    typeName: '*api.Message',
    fields: {
      Role: role,
      Content: content,
      Thinking: thinking,
      Images: pictures,
      ToolCalls: calls,
      ToolName: toolName,
      ToolCallID: toolCallId,
    },
    members,
    isJsonText: false,
  })
}

function goCall({ id = '', name, arguments: given }: ToolCall, index: number): GoStruct {
  const args = goMap('api.ToolCallFunctionArguments', given)
  const called = goStruct({
    typeName: 'api.ToolCallFunction',
    fields: { Index: BigInt(index), Name: name, Arguments: args },
    members: [
      ['index', BigInt(index)],
      ['name', name],
      ['arguments', args],
    ],
    isJsonText: false,
  })
  return goStruct({
    typeName: 'api.ToolCall',
    fields: { ID: id, Function: called },
    members: [...(id === '' ? [] : [['id', id] as const]), ['function', called]],
    isJsonText: false,
  })
}
