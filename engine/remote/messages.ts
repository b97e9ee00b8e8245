import { EngineError } from '../errors.ts'
import type { Message, ToolCall } from '../types.ts'

/** A conversation in OpenAI's words. Throws EngineError `bad_request` for an image of a kind that has no name there. */
export function toWireMessages(messages: readonly Message[]): object[] {
  const ids = callIds()
  return messages.map((message) => {
    const { role, content, thinking, images = [], toolCalls = [], toolName } = message
    return {
      role,
      content: images.length === 0 ? content : [...textPart(content), ...images.map(imagePart)],
      // Half of the servers read one name, half the other.
      ...(thinking === undefined ? {} : { reasoning_content: thinking, reasoning: thinking }),
      ...(toolCalls.length === 0
        ? {}
        : { tool_calls: toolCalls.map((call) => toWireCall(call, ids.of(call))) }),
      ...(role === 'tool' ? { tool_call_id: ids.answeredBy(message) } : {}),
      ...(role === 'tool' && toolName !== undefined ? { name: toolName } : {}),
    }
  })
}

const toWireCall = ({ name, arguments: given }: ToolCall, id: string) => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(given) },
})

/**
 * Calls and their results find each other by ids there; in Ollama's dialect both may come without. Then a result
 * belongs to the first call without one that has its name, or else to the first.
 */
function callIds() {
  let open: { id: string; name: string }[] = []
  let made = 0
  const take = (id: string) => {
    open = open.filter((call) => call.id !== id)
    return id
  }
  return {
    of({ id = `call_${made++}`, name }: ToolCall): string {
      open.push({ id, name })
      return id
    },
    answeredBy({ toolCallId, toolName }: Message): string {
      const call = open.find(({ name }) => name === toolName) ?? open[0]
      return take(toolCallId ?? call?.id ?? `call_${made++}`)
    },
  }
}

const textPart = (text: string) => (text === '' ? [] : [{ type: 'text', text }])

const imagePart = (image: Uint8Array) => ({
  type: 'image_url',
  image_url: { url: `data:${mediaType(image)};base64,${Buffer.from(image).toString('base64')}` },
})

/** How files of each kind begin; `....` is any four bytes. */
const BEGINNINGS: readonly [type: string, beginning: RegExp][] = [
  ['image/png', /^\x89PNG/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8/],
  ['image/webp', /^RIFF....WEBP/s],
]

function mediaType(image: Uint8Array): string {
  const beginning = Buffer.from(image.subarray(0, 12)).toString('latin1')
  const type = BEGINNINGS.find(([, pattern]) => pattern.test(beginning))?.[0]
  if (type !== undefined) return type
  throw new EngineError('bad_request', 'an image is neither PNG nor JPEG, GIF or WebP')
}
