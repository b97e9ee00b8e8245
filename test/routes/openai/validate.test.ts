import { expect, test } from 'vitest'
import { z } from 'zod'
import { validatorCompiler } from '../../../routes/openai/validate.ts'
import { maybe } from '../../../routes/wire/maybe.ts'

const Body = z.object({
  temperature: maybe(z.number()),
  n: maybe(z.int().min(1)),
  role: maybe(z.enum(['user', 'tool'])),
  deep: maybe(z.array(z.object({ name: z.string() }))),
  own: maybe(z.string().min(1, 'own words')),
  free: maybe(z.record(z.string(), z.number())),
  shape: maybe(z.discriminatedUnion('type', [z.object({ type: z.literal('a') })], 'unknown shape')),
})
const validate = validatorCompiler({ schema: Body, method: 'POST', url: '/', httpPart: 'body' })
const fault = (body: unknown) => validate(body) as { error: { message: string; param?: string } }

test('what is null is absent, and what is unknown is dropped', () => {
  expect(validate({ temperature: null, n: null, nonsense: 1 })).toEqual({ value: {} })
})

test.each([
  [{ temperature: '0.5' }, "'temperature' must be a number", 'temperature'],
  [{ n: 1.5 }, "'n' must be an integer", 'n'],
  [{ n: 0 }, "'n' must be at least 1", 'n'],
  [{ role: 'x' }, "'role' must be one of user, tool", 'role'],
  [{ deep: [{ name: 'a' }, { name: 7 }] }, "'deep[1].name' must be a string", 'deep[1].name'],
  [{ deep: 'x' }, "'deep' must be an array", 'deep'],
  [{ own: '' }, 'own words', 'own'],
  [{ shape: { type: 'b' } }, 'unknown shape', 'shape'],
  [[], 'the body must be an object', undefined],
  ['x', 'the body must be an object', undefined],
])('%j is refused: %s', (body, message, param) => {
  const { error } = fault(body)
  expect(error).toMatchObject({ status: 400, message })
  expect(error.param).toBe(param)
})

test('no body at all is refused', () => {
  expect(fault(null).error.message).toBe('missing request body')
})

test('a client’s own long key is cut off', () => {
  expect(fault({ free: { ['k'.repeat(5000)]: 'x' } }).error.message.length).toBeLessThan(200)
})
