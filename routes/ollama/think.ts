import { goQuote } from '../../engine/store/go-quote.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { ThinkLevel } from '../../engine/types.ts'

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

/**
 * What a request means for this model: one that can think does, unless told not to. Whether the model can
 * do as asked is the engine's to check.
 */
export function thinkFor(model: InstalledModel, asked: ThinkLevel | undefined): ThinkLevel | undefined {
  if (asked === undefined) return model.capabilities.includes('thinking') ? true : undefined
  return asked === 'max' && isHarmony(model) ? 'high' : asked
}

/** The gpt-oss family speaks the harmony format, which knows no level above high. */
const isHarmony = (model: InstalledModel): boolean =>
  ['gptoss', 'gpt-oss'].includes(model.config.modelFamily || (model.facts?.architecture ?? ''))
