import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { parseGoJson } from '../../formats/go-json.ts'
import { tooManyMessages } from '../wire/limits.ts'
import { RequestError } from '../wire/problem.ts'

/**
 * Compiles a body schema to a reader of raw bytes that behaves like Go's encoding/json behind gin: JSON
 * whatever the content type, keys in any case, and Go's words for what is wrong.
 * The schema's title is the Go type that errors name, such as `GenerateRequest`.
 */
export const bodyCompiler: FastifySchemaCompiler<z.ZodObject> =
  ({ schema }) =>
  (bytes: Buffer | null) => {
    try {
      return { value: readBody(schema, bytes?.toString() ?? '') }
    } catch (error) {
      if (error instanceof RequestError) return { error }
      throw error
    }
  }

/** The request that JSON text holds. Throws RequestError 400. */
export function readBody<T extends z.ZodObject>(schema: T, text: string): z.output<T> {
  const json = parse(text)
  if (json === undefined) throw new RequestError(400, 'missing request body')
  const goType = schema.meta()?.title ?? ''
  // Go leaves a struct as it is when it meets null.
  const body = matchKeys(schema, json ?? {})
  const refusal = tooManyMessages(body)
  if (refusal !== undefined) throw refusal
  const result = schema.safeParse(body, { reportInput: true })
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new RequestError(400, issue === undefined ? 'bad request' : inGoWords(issue, goType))
}

function parse(text: string): unknown {
  try {
    return parseGoJson(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new RequestError(400, error.message)
    throw error
  }
}

/** Gives keys the spelling of the schema: the exact key first, otherwise the same key in another case. */
function matchKeys(schema: z.ZodObject, json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  const matched: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(json)) {
    const known = spellingOf(schema, key)
    if (known === key || (known !== undefined && !Object.hasOwn(json, known))) matched[known] = value
  }
  return matched
}

function spellingOf(schema: z.ZodObject, key: string): string | undefined {
  if (Object.hasOwn(schema.shape, key)) return key
  const lower = key.toLowerCase()
  return Object.keys(schema.shape).find((known) => known.toLowerCase() === lower)
}

/** What encoding/json says of a value of the wrong type; any other issue brings its own sentence. */
function inGoWords(issue: z.core.$ZodIssue, goType: string): string {
  const isTooLargeForInt = issue.code === 'too_big' && issue.origin === 'int'
  const isOfAnotherType = issue.code === 'invalid_type' || issue.code === 'invalid_union'
  if (!isOfAnotherType && !isTooLargeForInt) return issue.message
  // Go names the fields on the way but not the positions in lists.
  const path = issue.path.filter((step) => typeof step === 'string').join('.')
  const value = kindOf(issue.input, issue.message)
  if (path === '') return `json: cannot unmarshal ${value} into Go value of type api.${goType}`
  return `json: cannot unmarshal ${value} into Go struct field ${goType}.${path} of type ${issue.message}`
}

function kindOf(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return wanted === 'int' ? `number ${value}` : 'number'
  return typeof value
}
