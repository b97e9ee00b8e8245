import { expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { RequestError, toProblem } from '../../../routes/wire/problem.ts'

const aborted = AbortSignal.abort()
const running = new AbortController().signal

test('a failure of our own keeps its words and gets its status', () => {
  expect(toProblem(new EngineError('busy', 'try again'))).toEqual({
    status: 503,
    code: 'busy',
    message: 'try again',
    details: {},
  })
})

test('numbers of a failure travel beside its words', () => {
  const error = new EngineError('context_overflow', 'too long', { details: { promptTokens: 9 } })
  expect(toProblem(error)).toMatchObject({ status: 400, details: { promptTokens: 9 } })
})

test('a refused request keeps the status its dialect chose, and the field at fault', () => {
  expect(toProblem(new RequestError(403, 'no', 'model'))).toEqual({
    status: 403,
    code: 'request',
    message: 'no',
    param: 'model',
    details: {},
  })
})

test("a failure that is the client's fault by the framework's account is told as it is", () => {
  const error = Object.assign(new Error('body too large'), { statusCode: 413 })
  expect(toProblem(error)).toMatchObject({ status: 413, code: 'request', message: 'body too large' })
})

test.each([
  ['an error nobody expected', new Error('password=hunter2')],
  ['an error the framework calls internal', Object.assign(new Error('/root/x.ts'), { statusCode: 500 })],
  ['text', 'password=hunter2'],
])('nothing leaks of %s', (_name, error) => {
  expect(toProblem(error)).toEqual({
    status: 500,
    code: 'internal',
    message: 'internal server error',
    details: {},
  })
})

test.each([
  ['an abort', new DOMException('This operation was aborted', 'AbortError')],
  ['an abort in the words of the engine', new EngineError('cancelled', 'stopped')],
])('%s is told by its reason', (_name, error) => {
  expect(toProblem(error, aborted)).toMatchObject({ status: 503, message: 'server is shutting down' })
  expect(toProblem(error, running)).toMatchObject({ status: 499, message: 'request canceled' })
  expect(toProblem(error)).toMatchObject({ status: 499, message: 'request canceled' })
})

test('a failure for another reason is told as it is while the server closes', () => {
  expect(toProblem(new RequestError(400, 'no'), aborted)).toMatchObject({ status: 400, message: 'no' })
})
