import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { chatBody, fails, framesOf, handMade, post, says, text } from './hand-made.ts'

const chat = (error: Error) => post(handMade(fails(error)).app, '/v1/chat/completions', chatBody())

test('openai 21: a full queue answers 503 with the time to wait', async () => {
  const message = 'server busy, please try again.  maximum pending requests exceeded'
  const reply = await chat(new EngineError('busy', message))
  expect(reply.statusCode).toBe(503)
  expect(reply.headers['retry-after']).toBe('1')
  expect(reply.json()).toEqual({
    error: { message, type: 'api_error', param: null, code: 'server_overloaded' },
  })
})

test('a prompt that is too long says so in every way that agents look for', async () => {
  const reply = await chat(
    new EngineError('context_overflow', 'too long', { details: { promptTokens: 40, contextLength: 16 } }),
  )
  expect(reply.statusCode).toBe(400)
  const { error } = reply.json()
  expect(error).toMatchObject({
    type: 'invalid_request_error',
    param: null,
    code: 'context_length_exceeded',
    n_prompt_tokens: 40,
    n_ctx: 16,
  })
  expect(error.message).toContain('maximum context length is 16 tokens')
  expect(error.message).toContain('40 tokens')
  expect(error.message).toContain('exceeds the available context size')
})

test.each(['load_failed', 'load_timeout', 'does_not_fit'] as const)(
  'a model that cannot be loaded (%s) tells client libraries not to try again',
  async (code) => {
    const reply = await chat(new EngineError(code, 'needs 9.1 GB, 6.0 GB free'))
    expect(reply.statusCode).toBe(500)
    expect(reply.headers['x-should-retry']).toBe('false')
    expect(reply.json().error).toMatchObject({ type: 'api_error', message: 'needs 9.1 GB, 6.0 GB free' })
  },
)

test('a runner that died may be tried again', async () => {
  const reply = await chat(new EngineError('runner_died', 'model runner has unexpectedly stopped'))
  expect(reply.statusCode).toBe(500)
  expect(reply.headers).not.toHaveProperty('x-should-retry')
})

test('a schema that cannot be compiled names response_format', async () => {
  const reply = await chat(new EngineError('bad_format', 'unknown keyword'))
  expect(reply.statusCode).toBe(400)
  expect(reply.json().error).toMatchObject({ type: 'invalid_request_error', param: 'response_format' })
})

test('what is not ours to tell stays inside, and goes to the log', async () => {
  const { app, log } = handMade(fails(new Error('secret path /root')))
  const reply = await post(app, '/v1/chat/completions', chatBody())
  expect(reply.statusCode).toBe(500)
  expect(reply.json()).toEqual({
    error: { message: 'internal server error', type: 'api_error', param: null, code: null },
  })
  expect(JSON.stringify(log)).toContain('secret path /root')
})

test('a failure before the first piece of a stream is a plain status', async () => {
  const { app } = handMade(fails(new EngineError('unsupported', '"tiny" does not support chat')))
  const reply = await post(app, '/v1/chat/completions', chatBody({ stream: true }))
  expect(reply.statusCode).toBe(400)
  expect(reply.headers['content-type']).toContain('application/json')
  expect(reply.json().error.message).toBe('"tiny" does not support chat')
})

describe('openai 86: a failure in mid-stream is a frame with all four keys, then the stream ends', () => {
  test.each(['/v1/chat/completions', '/v1/completions'])('%s', async (url) => {
    const { app } = handMade(fails(new EngineError('runner_died', 'gone'), { type: 'started' }, text('a')))
    const reply = await post(app, url, chatBody({ stream: true }))
    expect(reply.statusCode).toBe(200)
    const frames = framesOf(reply.body)
    expect(frames.at(-1)).toEqual({
      error: { message: 'gone', type: 'api_error', param: null, code: null },
    })
    expect(frames).not.toContain('[DONE]')
  })
})

test('what broke a stream goes to the log', async () => {
  const { app, log } = handMade(fails(new Error('secret path /root'), { type: 'started' }))
  const reply = await post(app, '/v1/chat/completions', chatBody({ stream: true }))
  expect(reply.body).toContain('"message":"internal server error"')
  expect(reply.body).not.toContain('secret')
  expect(JSON.stringify(log)).toContain('secret path /root')
})

test('when one of several answers fails, the request fails', async () => {
  let nth = 0
  const { app } = handMade((job, signal) =>
    nth++ === 1 ? fails(new EngineError('runner_died', 'gone'))(job, signal) : says(text('a'))(job, signal),
  )
  const reply = await post(app, '/v1/chat/completions', chatBody({ n: 3 }))
  expect(reply.statusCode).toBe(500)
  expect(reply.json().error.message).toBe('gone')
})
