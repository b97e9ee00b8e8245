import { EngineError } from '../../engine/errors.ts'
import type { AnswerFormat } from '../../engine/types.ts'
import { goQuote } from '../../formats/go-quote.ts'

/** Reads the `format` field. Throws EngineError `bad_format` for what is neither "json" nor a schema. */
export function readFormat(value: unknown): AnswerFormat | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (value === 'json') return 'json'
  if (typeof value === 'object' && !Array.isArray(value)) return { schema: value as Record<string, unknown> }
  throw new EngineError(
    'bad_format',
    `invalid format: ${goQuote(JSON.stringify(value))}; expected "json" or a valid JSON Schema object`,
  )
}
