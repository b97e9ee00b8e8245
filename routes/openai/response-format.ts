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
  grammar: maybe(z.string()).describe(
    'Extension of llama-server: GBNF with a root rule that the answer follows',
  ),
}
export type FormatFields = z.infer<z.ZodObject<typeof formatFields>>

/** What the answer must look like; undefined leaves it free. Throws RequestError. */
export function toFormat(fields: FormatFields): AnswerFormat | undefined {
  const format = fields.response_format
  const isFree = format === undefined || format.type === 'text'
  if (fields.grammar) {
    if (isFree && fields.json_schema === undefined) return { grammar: fields.grammar }
    throw new RequestError(400, 'grammar cannot be combined with a response_format or json_schema', 'grammar')
  }
  if (isFree) return ofSchema(fields.json_schema)
  return ofSchema(format.type === 'json_object' ? format.schema : format.json_schema?.schema) ?? 'json'
}

const ofSchema = (schema: Record<string, unknown> | undefined): AnswerFormat | undefined =>
  schema && { schema }
