/** What goes wrong at a server that runs models for this one. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { beginEvents, chunk, event, PATIENT, type Reply, refuses, says } from '../../helpers/openai-server.ts'
import { far } from './far.ts'
import { lines, user } from './serve.ts'

const ASKED = { model: 'far', messages: [user('hi')] }

const HELLO = says(
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hel' }),
  chunk({ content: 'lo' }),
  chunk({}, 'stop'),
)

const RUNNING = 'an error was encountered while running the model'

/** Says this much and no more, and leaves the connection as it is. */
const begins =
  (text: string): Reply =>
  (response) =>
    void beginEvents(response).write(text)

/** Sends half of an answer and breaks the connection. */
const breaks: Reply = async (response) => {
  await new Promise((done) => beginEvents(response).write(event(chunk({ content: 'Hel' })), done))
  response.destroy()
}

/** Sends pieces as fast as they are taken. */
const pours =
  (pieces: () => Iterable<string>): Reply =>
  // Whoever leaves ends it.
  (response) =>
    pipeline(Readable.from(pieces()), beginEvents(response)).catch(() => {})

function* endless() {
  yield 'data: '
  for (;;) yield 'x'.repeat(65_536)
}

describe('what goes wrong at another server reaches the client', () => {
  test.each<[string, Reply, number, string]>([
    [
      'a failure with OpenAI’s envelope',
      refuses(500, { error: { message: 'out of memory', type: 'x' } }),
      500,
      'out of memory',
    ],
    [
      'a failure with Ollama’s',
      refuses(404, { error: "model 'big:70b' not found" }),
      404,
      "model 'big:70b' not found",
    ],
    [
      'a failure in vLLM’s older words',
      refuses(400, { object: 'error', message: 'too long', code: 400 }),
      400,
      'too long',
    ],
    [
      'a missing key',
      refuses(401, { error: { message: 'Invalid API key', code: 'invalid_api_key' } }),
      401,
      'Invalid API key',
    ],
    ['a proxy’s page', refuses(502, '<h1>Bad Gateway</h1>'), 502, '<h1>Bad Gateway</h1>'],
    ['a status without words', refuses(418, ''), 418, 'status 418'],
    [
      'an error in the first event',
      says({ error: { code: 400, message: 'exceeds the context' } }),
      400,
      'exceeds the context',
    ],
    ['an error without a status', says({ error: 'no' }), 500, 'no'],
    ['an event that is not JSON', says('{"choices":'), 500, `${RUNNING}: an event is not JSON`],
    [
      'an event of another kind',
      says({ choices: [{ delta: { content: 5 } }] }),
      500,
      `${RUNNING}: an event is no part of an answer, at "choices.0.delta.content"`,
    ],
    ['a connection that breaks', breaks, 500, `${RUNNING}: unexpected EOF`],
    ['an answer that just ends', says(chunk({ content: 'Hel' })), 500, `${RUNNING}: unexpected EOF`],
    [
      'an answer that was given up',
      says(chunk({}, 'abort')),
      500,
      `${RUNNING}: the server ended it with "abort"`,
    ],
    ['an event without end', pours(endless), 500, `${RUNNING}: an event of more than 4194304 characters`],
  ])('%s', async (_, reply, status, error) => {
    const { chat, there } = await far(reply)
    const answer = await chat(ASKED)
    expect([answer.status, answer.body]).toEqual([status, { error }])
    await expect.poll(there.connections, PATIENT).toBe(0)
  })

  test.each<[string, Reply, (origin: string) => string]>([
    [
      'a redirect, which is not followed',
      refuses(307, {}, { location: 'http://127.0.0.1:1/' }),
      (origin) => `${origin} answers with a redirect (status 307), which is not followed`,
    ],
    [
      'an answer that is no stream',
      refuses(200, {}),
      (origin) => `${origin} answers with application/json instead of text/event-stream`,
    ],
    [
      'a compressed answer',
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
          .end(),
      (origin) => `${origin} sends a compressed answer, which nobody asked for`,
    ],
  ])('%s', async (_, reply, error) => {
    const { chat, there } = await far(reply)
    const answer = await chat(ASKED)
    expect([answer.status, answer.body]).toEqual([500, { error: error(there.origin) }])
    await expect.poll(there.connections, PATIENT).toBe(0)
  })

  test('a server that is full says when to ask again', async () => {
    const { chat } = await far(refuses(429, { error: { message: 'slow down' } }, { 'retry-after': '7' }))
    const answer = await chat(ASKED)
    expect([answer.status, answer.body]).toEqual([429, { error: 'slow down' }])
    expect(answer.headers['retry-after']).toBe('7')
  })

  test('a server that is not there', async () => {
    const { chat } = await far(HELLO, { config: { remote_host: 'http://127.0.0.1:1' } })
    const answer = await chat(ASKED)
    expect(answer.status).toBe(500)
    expect(answer.body.error).toBe(
      'Post "http://127.0.0.1:1/v1/chat/completions": dial tcp 127.0.0.1:1: connect: connection refused',
    )
  })

  test('a server that never answers is given up', async () => {
    const { chat, there } = await far(() => {}, { settings: { loadTimeoutMs: 1000 } })
    const answer = await chat(ASKED)
    const { host } = new URL(there.origin)
    expect([answer.status, answer.body]).toEqual([500, { error: `timed out waiting for ${host} to answer` }])
    await expect.poll(there.connections, PATIENT).toBe(0)
  })

  test('a server that falls silent is given up', async () => {
    const { chat, there } = await far(begins(event(chunk({ content: 'Hel' }))), {
      settings: { loadTimeoutMs: 1000 },
    })
    const streamed = lines(await chat({ ...ASKED, stream: true }))
    expect(streamed.at(-1)).toEqual({ error: `${RUNNING}: nothing came for 1 seconds` })
    expect(streamed[0].message.content).toBe('Hel')
    await expect.poll(there.connections, PATIENT).toBe(0)
  })

  test('an answer that breaks off behind its first line ends with the error', async () => {
    const { chat } = await far(says(chunk({ content: 'Hel' }), { error: { message: 'out of memory' } }))
    const streamed = await chat({ ...ASKED, stream: true })
    expect(streamed.status).toBe(200)
    expect(lines(streamed)).toMatchObject([{ message: { content: 'Hel' } }, { error: 'out of memory' }])
  })

  test('an answer that does not keep to the schema asked for is an error', async () => {
    const format = { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } }
    const { chat, there } = await far(says(chunk({ content: '{"a":"x"}' }), chunk({}, 'stop')))
    const answer = await chat({ ...ASKED, format })
    expect(answer.status).toBe(500)
    expect(answer.body.error).toContain('does not satisfy')
    expect(there.requests[0]?.body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', strict: true, schema: format },
    })
  })
})
