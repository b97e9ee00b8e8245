import { RequestError } from './problem.ts'

/** More turns than any context holds: each takes three tokens or more. */
const MAX_MESSAGES = 65_536

/** Refuses a conversation without end before anybody looks at its turns. Throws RequestError 400. */
export function limitMessages(body: unknown): void {
  if (typeof body !== 'object' || body === null || !('messages' in body)) return
  const { messages } = body
  if (!Array.isArray(messages) || messages.length <= MAX_MESSAGES) return
  throw new RequestError(400, `${messages.length} messages are too many: at most ${MAX_MESSAGES}`, 'messages')
}
