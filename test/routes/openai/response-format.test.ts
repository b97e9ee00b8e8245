import { expect, test } from 'vitest'
import { z } from 'zod'
import { formatFields, toFormat } from '../../../routes/openai/response-format.ts'

const Fields = z.object(formatFields)
const schema = { type: 'object', properties: { a: { const: null } } }

test.each([
  [{}, undefined],
  [{ response_format: null }, undefined],
  [{ response_format: { type: 'text' } }, undefined],
  [{ response_format: { type: 'json_object' } }, 'json'],
  [{ response_format: { type: 'json_object', schema } }, { schema }],
  [{ response_format: { type: 'json_schema', json_schema: { name: 'x' } } }, 'json'],
  [{ response_format: { type: 'json_schema' } }, 'json'],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: false } } },
    { schema },
  ],
  [{ json_schema: schema }, { schema }],
  [{ grammar: '' }, undefined],
  [{ grammar: 'root ::= "a"' }, { grammar: 'root ::= "a"' }],
])('%j asks for %j', (fields, format) => {
  expect(toFormat(Fields.parse(fields))).toEqual(format)
})

test.each([{ type: 'yaml' }, 'json', {}])('response_format %j is refused', (format) => {
  expect(Fields.safeParse({ response_format: format }).error?.issues[0]?.message).toMatch(
    /^'response_format' must have the type/,
  )
})

test('a grammar beside another format is refused', () => {
  const fields = Fields.parse({ grammar: 'root ::= "a"', response_format: { type: 'json_object' } })
  expect(() => toFormat(fields)).toThrow(/cannot be combined/)
})
