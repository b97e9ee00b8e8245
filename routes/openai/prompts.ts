import { z } from 'zod'

/** More prompts than this in one request were never allowed by anyone. */
const MAX_PROMPTS = 2048

type Prompt = string | readonly number[]

/** All four forms: a text, texts, tokens, lists of tokens. Nothing is one empty text. */
export const Prompts = z
  .unknown()
  .optional()
  .transform((value, context): Prompt[] => {
    const prompts = readPrompts(value ?? '')
    if (prompts !== undefined && prompts.length <= MAX_PROMPTS) return prompts
    context.addIssue({
      code: 'custom',
      message:
        prompts === undefined
          ? "'prompt' must be a string, a list of strings, a list of tokens or a list of such lists"
          : `'prompt' must not have more than ${MAX_PROMPTS} items`,
    })
    return z.NEVER
  })

function readPrompts(value: unknown): Prompt[] | undefined {
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value) || value.length === 0) return undefined
  if (isTokens(value)) return [value]
  return value.every(isText) || value.every(isTokens) ? value : undefined
}

export const isText = (value: unknown): value is string => typeof value === 'string'

/** Token ids, one at least. */
export const isTokens = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every(isToken)

/** Token ids are 32-bit integers; the engine knows how many its model has. */
const isToken = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
