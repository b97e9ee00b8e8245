import { z } from 'zod'
import type { AnswerFormat } from '../../engine/types.ts'
import { maybe } from '../wire/maybe.ts'
import { RequestError } from '../wire/problem.ts'

const Schema = maybe(z.record(z.string(), z.unknown()))

const ResponseFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object'), schema: Schema }),
    z.object({ type: z.literal('json_schema'), json_schema: maybe(z.object({ schema: Schema })) }),
  ],
  `'response_format' must have the type "text", "json_object" or "json_schema"`,
)

/** What a request says of the answer's form. */
export const formatFields = {
  response_format: maybe(ResponseFormat),
  json_schema: Schema.describe('Extension: the same as a response_format of that schema'),
  grammar: maybe(z.string()).describe('Extension of llama-server; refused, not ignored'),
}
export type FormatFields = z.infer<z.ZodObject<typeof formatFields>>

/** What the answer must look like; undefined leaves it free. Throws RequestError. */
export function toFormat(fields: FormatFields): AnswerFormat | undefined {
  // Answering without the constraint would look like success and be wrong.
  if (fields.grammar) throw new RequestError(400, 'grammar is not supported; use response_format', 'grammar')
  const format = fields.response_format
  if (format === undefined || format.type === 'text') return ofSchema(fields.json_schema)
  return ofSchema(format.type === 'json_object' ? format.schema : format.json_schema?.schema) ?? 'json'
}

const ofSchema = (schema: Record<string, unknown> | undefined): AnswerFormat | undefined =>
  schema && { schema }
