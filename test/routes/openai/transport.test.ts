import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSocket } from '../../helpers/socket.ts'
import { chatBody, handMade, post, says, text } from './hand-made.ts'

const CHAT = '/v1/chat/completions'
const hi = () => handMade(says(text('Hi')))
const FOUR_KEYS = ['code', 'message', 'param', 'type']

describe('openai 5: slashes too many change nothing', () => {
  test.each(['/v1/chat/completions/', '//v1/chat/completions', '/v1//completions/'])(
    'POST %s',
    async (url) => {
      expect((await post(hi().app, url, chatBody())).statusCode).toBe(200)
    },
  )
  test('GET /v1/models/', async () => {
    expect((await hi().app.inject('/v1/models/')).json().object).toBe('list')
  })
})

test.each(['/chat/completions', '/completions'])(
  'llama-server’s address without the prefix works: POST %s',
  async (url) => {
    expect((await post(hi().app, url, chatBody())).statusCode).toBe(200)
  },
)

test('llama-server’s address without the prefix works: GET /models', async () => {
  expect((await hi().app.inject('/models')).json().data).toHaveLength(1)
})

test('a query string does not change the route', async () => {
  expect((await post(hi().app, `${CHAT}?beta=true`, chatBody())).statusCode).toBe(200)
})

describe('openai 6: an unknown path is 404 in the words of both client families', () => {
  test.each(['/v1/nope', '/v1', '/v1/chat/completions/chatcmpl-1'])('%s', async (url) => {
    const reply = await hi().app.inject(url)
    expect(reply.statusCode).toBe(404)
    expect(reply.headers['content-type']).toContain('application/json')
    expect(reply.json()).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error', param: null, code: null },
      request_id: reply.headers['request-id'],
    })
  })
})

test('an unknown path does not look at the body', async () => {
  const reply = await hi().app.inject({
    method: 'POST',
    url: '/v1/audio/speech',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
    payload: '--x--',
  })
  expect(reply.statusCode).toBe(404)
})

describe('openai 7: a wrong method on a known path is 405', () => {
  test.each([
    ['GET', CHAT, 'POST'],
    ['DELETE', `${CHAT}/`, 'POST'],
    ['PUT', '/v1/completions?x=1', 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
  ] as const)('%s %s', async (method, url, allow) => {
    const reply = await hi().app.inject({ method, url })
    expect(reply.statusCode).toBe(405)
    expect(reply.headers.allow).toBe(allow)
    expect(reply.json().error).toMatchObject({ type: 'invalid_request_error' })
  })
})

const raw = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  hi().app.inject({ method: 'POST', url: CHAT, headers, payload })

test('openai 8: an empty body is 400 with exactly the four keys', async () => {
  const reply = await raw('', { 'content-type': 'application/json' })
  expect(reply.statusCode).toBe(400)
  expect(reply.json().error.type).toBe('invalid_request_error')
  expect(Object.keys(reply.json().error).sort()).toEqual(FOUR_KEYS)
})

test('openai 9: broken JSON is 400 with exactly the four keys', async () => {
  const reply = await raw('{"model":', { 'content-type': 'application/json' })
  expect(reply.statusCode).toBe(400)
  expect(Object.keys(reply.json().error).sort()).toEqual(FOUR_KEYS)
})

describe('openai 10: JSON is JSON whatever its type says', () => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'])(
    '%s',
    async (type) => {
      expect((await raw(JSON.stringify(chatBody()), { 'content-type': type })).statusCode).toBe(200)
    },
  )
  test('no type at all', async () => {
    expect((await raw(JSON.stringify(chatBody()))).statusCode).toBe(200)
  })
})

test('openai 12: a body over the limit is 413', async () => {
  const socket = await openSocket(await hi().url())
  socket.send(`POST ${CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 600000000\r\n\r\n{`)
  await socket.closed
  expect(socket.received()).toContain('HTTP/1.1 413')
  const { error } = JSON.parse(socket.received().split('\r\n\r\n')[1] ?? '')
  expect(error.type).toBe('invalid_request_error')
  expect(Object.keys(error).sort()).toEqual(FOUR_KEYS)
})

test('a gzip body is read', async () => {
  const reply = await raw(gzipSync(JSON.stringify(chatBody())), { 'content-encoding': 'gzip' })
  expect(reply.statusCode).toBe(200)
})

test('an unknown content encoding is 415', async () => {
  const reply = await raw('x', { 'content-encoding': 'sdch' })
  expect(reply.statusCode).toBe(415)
  expect(reply.json().error.type).toBe('invalid_request_error')
})

test('openai 14: a property called __proto__ in a tool schema does no harm', async () => {
  const tool =
    '{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"__proto__":{"type":"string"}}}}}'
  const reply = await raw(`{"model":"tiny","messages":[{"role":"user","content":"hi"}],"tools":[${tool}]}`)
  expect(reply.statusCode).toBe(200)
})

test('openai 15: unknown fields are ignored at every level', async () => {
  const body = chatBody({
    zzz: 1,
    messages: [{ role: 'user', zzz: 1, content: [{ type: 'text', text: 'hi', zzz: {} }] }],
    tools: [{ type: 'function', zzz: 1, function: { name: 'f', zzz: 1 } }],
    stream_options: { zzz: 1 },
  })
  expect((await post(hi().app, CHAT, body)).statusCode).toBe(200)
})

const OPTIONAL_CHAT_FIELDS =
  'stream stream_options n keep_alive truncate temperature top_p seed stop frequency_penalty presence_penalty ' +
  'logit_bias max_tokens max_completion_tokens logprobs top_logprobs options num_ctx n_predict top_k min_p ' +
  'typical_p repeat_penalty repeat_last_n response_format json_schema grammar tools tool_choice ' +
  'parallel_tool_calls functions function_call reasoning_effort reasoning think chat_template_kwargs ' +
  'modalities audio user metadata store service_tier prediction verbosity'

test('openai 16: null is the same as absent', async () => {
  const nulls = Object.fromEntries(OPTIONAL_CHAT_FIELDS.split(' ').map((name) => [name, null]))
  const nested = {
    messages: [
      { role: 'user', content: 'hi', name: null, tool_calls: null, tool_call_id: null, reasoning: null },
    ],
  }
  const { app, jobs } = hi()
  expect((await post(app, CHAT, chatBody({ ...nulls, ...nested }))).statusCode).toBe(200)
  await post(app, CHAT, chatBody())
  // Each request is told of its own place in the queue.
  const [withNulls, without] = jobs.map((job) => ({ ...job, onQueued: undefined }))
  expect(withNulls).toEqual(without)
})

test('openai 16: null inside an object is the same as absent', async () => {
  const body = chatBody({
    stream_options: { include_usage: null },
    reasoning: { effort: null },
    chat_template_kwargs: { enable_thinking: null },
    tools: [{ type: 'function', function: { name: 'f', description: null, parameters: null } }],
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: null } },
    options: { top_k: null },
  })
  expect((await post(hi().app, CHAT, body)).statusCode).toBe(200)
})

test('openai 17: a number in a string is refused by the name of its field', async () => {
  const reply = await post(hi().app, CHAT, chatBody({ temperature: '0.5' }))
  expect(reply.statusCode).toBe(400)
  expect(reply.json().error).toMatchObject({
    message: expect.stringContaining('temperature'),
    param: 'temperature',
  })
})

test('openai 25: a stream has the headers of a stream', async () => {
  const { headers } = await post(hi().app, CHAT, chatBody({ stream: true }))
  expect(headers['content-type']).toContain('text/event-stream')
  expect(headers['cache-control']).toContain('no-cache')
  expect(headers['x-accel-buffering']).toBe('no')
  expect(headers).not.toHaveProperty('content-encoding')
})

test('the log line of a request has the numbers of all its answers', async () => {
  const { app, log } = hi()
  await post(app, CHAT, chatBody({ n: 2 }))
  // Written when the socket is done with the reply, a moment after the client has it.
  await expect
    .poll(() => log)
    .toContainEqual(
      expect.objectContaining({
        model: 'tiny:latest',
        promptTokens: 6,
        cachedTokens: 2,
        outputTokens: 4,
        loadMs: 5,
        promptMs: 2,
        outputMs: 1,
        reason: 'stop',
      }),
    )
})
