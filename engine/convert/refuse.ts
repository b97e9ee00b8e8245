import { EngineError } from '../errors.ts'

/** An error for a source that cannot be imported. The message says what is wrong with it, or what is missing. */
export const refused = (reason: string, cause?: unknown): EngineError =>
  new EngineError('convert_failed', `unable to convert the model: ${reason}`, { cause })

/** Text of a foreign file inside a message: quoted and of bounded length. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text)
}
const MAX_QUOTED = 120

/** JSON of a foreign file inside a message: of bounded length. */
export function excerpt(value: unknown): string {
  const json = JSON.stringify(value ?? null)
  return json.length > MAX_EXCERPT ? `${json.slice(0, MAX_EXCERPT)}…` : json
}
const MAX_EXCERPT = 400
