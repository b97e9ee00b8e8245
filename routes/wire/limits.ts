import { RequestError } from './problem.ts'

/** More turns than any context holds: each takes three tokens or more. */
const MAX_MESSAGES = 65_536

/** Why a conversation without end is refused, before anybody looks at its turns; undefined for any other body. */
export function tooManyMessages(body: unknown): RequestError | undefined {
  if (typeof body !== 'object' || body === null || !('messages' in body)) return undefined
  const { messages } = body
  if (!Array.isArray(messages) || messages.length <= MAX_MESSAGES) return undefined
  return new RequestError(
    400,
    `${messages.length} messages are too many: at most ${MAX_MESSAGES}`,
    'messages',
  )
}
