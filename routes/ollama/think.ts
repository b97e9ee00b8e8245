import type { ThinkLevel } from '../../engine/types.ts'
import { goQuote } from '../../formats/go-quote.ts'

const LEVELS: readonly string[] = ['low', 'medium', 'high', 'max'] satisfies ThinkLevel[]
const EXPECTED = '"high", "medium", "low", "max", true, or false'

/** Reads the `think` field. Throws SyntaxError in the words of ollama api/types.go. */
export function readThink(value: unknown): ThinkLevel {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') throw new SyntaxError(`think must be a boolean or string (${EXPECTED})`)
  if (isLevel(value)) return value
  throw new SyntaxError(`invalid think value: ${goQuote(value)} (must be ${EXPECTED})`)
}

const isLevel = (text: string): text is Extract<ThinkLevel, string> => LEVELS.includes(text)
