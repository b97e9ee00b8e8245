import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { tooManyMessages } from '../wire/limits.ts'
import { RequestError } from '../wire/problem.ts'

/**
 * Checks bodies against their zod schema. The first fault becomes a 400 that names its field. A schema's own
 * message is a whole sentence and goes out as it is; every other fault gets a sentence from here.
 */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    if (data === null) return { error: new RequestError(400, 'missing request body') }
    const refusal = tooManyMessages(data)
    if (refusal !== undefined) return { error: refusal }
    const result = schema.safeParse(data, { error: (issue) => `${PREDICATE}${predicate(issue)}` })
    return result.success ? { value: result.data } : { error: toRequestError(result.error) }
  }

/** Marks the messages made here, which still lack the name of their field. */
const PREDICATE = '\u0000'

function predicate(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${EXPECTED[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`
    case 'too_small':
      return `must be at least ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    default:
      return 'is not valid'
  }
}

const EXPECTED: Record<string, string | undefined> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

function toRequestError(error: z.ZodError): RequestError {
  const issue = error.issues[0]
  if (issue === undefined) throw new Error('zod reported a failure without an issue')
  const field = fieldName(pathOf(issue))
  const message = issue.message.startsWith(PREDICATE)
    ? `${field === '' ? 'the body' : `'${field}'`} ${issue.message.slice(PREDICATE.length)}`
    : issue.message
  return new RequestError(400, message, field === '' ? undefined : field)
}

/** Where the fault is. What picks among shapes is not at fault alone: the whole object has an unknown shape. */
const pathOf = (issue: z.core.$ZodIssue): PropertyKey[] =>
  issue.code === 'invalid_union' && issue.discriminator !== undefined ? issue.path.slice(0, -1) : issue.path

/** `messages[0].role`, cut off where a client's own keys make it long. */
function fieldName(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return text.replace(/^\./, '').slice(0, 100)
}
