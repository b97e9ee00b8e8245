/** Models that another server runs, as clients of Ollama's dialect see them. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import {
  beginEvents,
  chunk,
  event,
  type Reply,
  refuses,
  says,
  startOpenAi,
} from '../../helpers/openai-server.ts'
import { openSocket } from '../../helpers/socket.ts'
import { far } from './far.ts'
import { lines, user, W } from './serve.ts'

const ASKED = { model: 'far', messages: [user('hi')] }

const HELLO = says(
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hel' }),
  chunk({ content: 'lo' }),
  chunk({}, 'stop'),
)

describe('a model that another server runs', () => {
  test('streams what that server says, and where it ran', async () => {
    const { chat, there } = await far(
      says(
        chunk({ role: 'assistant', content: '' }),
        chunk({ reasoning_content: 'Hm', reasoning: 'Hm' }),
        chunk({ content: 'Hel' }),
        chunk({ content: 'lo' }),
        chunk({}, 'length'),
      ),
    )
    const streamed = lines(await chat({ ...ASKED, stream: true }))
    const remote = { model: 'far', remote_model: 'big:70b', remote_host: there.origin }
    expect(streamed).toMatchObject([
      { ...remote, message: { content: '', thinking: 'Hm' }, done: false },
      { ...remote, message: { content: 'Hel' }, done: false },
      { ...remote, message: { content: 'lo' }, done: false },
      { ...remote, done: true, done_reason: 'length', prompt_eval_count: 7, eval_count: 3 },
    ])
    expect(streamed).toHaveLength(4)
    expect(streamed[3].total_duration).toBeGreaterThanOrEqual(streamed[3].eval_duration)
    expect(there.requests).toMatchObject([
      {
        path: '/v1/chat/completions',
        headers: { 'user-agent': 'snug/test' },
        body: {
          model: 'big:70b',
          stream: true,
          stream_options: { include_usage: true },
          messages: [{ role: 'user', content: 'hi' }],
        },
      },
    ])
    expect(there.requests[0]?.headers.authorization).toBeUndefined()
  })

  test('answers in one object too', async () => {
    const { chat, there } = await far(HELLO)
    expect((await chat(ASKED)).body).toMatchObject({
      message: { role: 'assistant', content: 'Hello' },
      done: true,
      done_reason: 'stop',
      remote_model: 'big:70b',
      remote_host: there.origin,
    })
  })

  test('generates by one turn of a chat, in its own words', async () => {
    const { generate, there } = await far(HELLO)
    const { body } = await generate({ model: 'far', prompt: 'hi', system: 'Be kind', options: { seed: 3 } })
    expect(body).toMatchObject({ response: 'Hello', remote_model: 'big:70b' })
    expect(body.context).toBeUndefined()
    expect(there.requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      body: {
        seed: 3,
        messages: [
          { role: 'system', content: 'Be kind' },
          { role: 'user', content: 'hi' },
        ],
      },
    })
  })

  test('completes raw prompts, and around gaps, with log-probabilities', async () => {
    const { generate, there } = await far((response) => {
      const legacy = { tokens: ['a', 'b'], token_logprobs: [-1, -2], top_logprobs: [{ a: -1, x: -3 }, null] }
      const events = [
        { choices: [{ index: 0, text: 'ab', logprobs: legacy, finish_reason: null }] },
        { choices: [{ index: 0, text: '', finish_reason: 'stop' }] },
        '[DONE]',
      ]
      beginEvents(response).end(events.map(event).join(''))
    })
    const raw = await generate({ model: 'far', prompt: 'p', raw: true, logprobs: true, top_logprobs: 2 })
    expect(raw.body).toMatchObject({
      response: 'ab',
      logprobs: [
        { token: 'a', logprob: -1, bytes: [97], top_logprobs: [{ token: 'a' }, { token: 'x', logprob: -3 }] },
        { token: 'b', logprob: -2 },
      ],
    })
    await generate({ model: 'far', prompt: 'p', suffix: 's' })
    expect(there.requests).toMatchObject([
      { path: '/v1/completions', body: { prompt: 'p', raw: true, logprobs: 2 } },
      { path: '/v1/completions', body: { prompt: 'p', suffix: 's' } },
    ])
    expect(there.requests[1]?.body.raw).toBeUndefined()
  })

  test('embeds there', async () => {
    const { embed, embeddings, there } = await far(
      refuses(200, {
        data: [
          { index: 1, embedding: [0, 2] },
          { index: 0, embedding: [3, 4] },
        ],
        usage: { prompt_tokens: 5 },
      }),
    )
    const { body } = await embed({ model: 'far', input: ['a', 'b'] })
    expect(body.prompt_eval_count).toBe(5)
    expect(body.embeddings[0][0]).toBeCloseTo(0.6)
    expect(body.embeddings[1]).toEqual([0, 1])
    expect(there.requests[0]).toMatchObject({ path: '/v1/embeddings', body: { input: ['a', 'b'] } })
    const short = await embeddings({ model: 'far', prompt: 'a' })
    expect([short.status, short.body]).toEqual([
      500,
      { error: 'the embeddings of the remote server cannot be used: 2 vectors for 1 inputs' },
    ])
  })

  test('is loaded and unloaded without asking its server, and is never in memory here', async () => {
    const { chat, generate, ps, there } = await far(HELLO)
    const remote = { remote_model: 'big:70b', remote_host: there.origin }
    expect((await chat({ model: 'far' })).body).toMatchObject({ ...remote, done_reason: 'load' })
    expect((await generate({ model: 'far' })).body).toMatchObject({ ...remote, done_reason: 'load' })
    expect((await chat({ model: 'far', keep_alive: 0 })).body.done_reason).toBe('unload')
    expect((await generate({ model: 'far', keep_alive: 0 })).body.done_reason).toBe('unload')
    expect(there.requests).toEqual([])
    await chat(ASKED)
    expect(await ps()).toEqual([])
  })

  test('is refused what its stub says that it cannot do; a stub that says nothing refuses nothing', async () => {
    const { chat, there } = await far(HELLO, { config: { capabilities: ['completion'] } })
    const refused = await chat({ ...ASKED, tools: [W] })
    expect([refused.status, refused.body]).toEqual([
      400,
      { error: 'registry.ollama.ai/library/far:latest does not support tools' },
    ])
    expect((await chat({ ...ASKED, think: true })).body.error).toBe('"far" does not support thinking')
    expect(there.requests).toEqual([])
    const open = await far(HELLO)
    expect((await open.chat({ ...ASKED, think: 'low', tools: [W] })).status).toBe(200)
    expect(open.there.requests[0]?.body).toMatchObject({ reasoning_effort: 'low', tools: [W] })
  })

  test.each([
    ['its prompt', { _debug_render_only: true }, 'another server writes the prompts of "far"'],
    [
      'another template',
      { template: 'x' },
      "the model runs on another server, by OpenAI's API: it cannot be given another template",
    ],
    [
      'to go on from tokens',
      { context: [1] },
      "the model runs on another server, by OpenAI's API: it cannot go on from the tokens of a context",
    ],
  ])('cannot be asked for %s', async (_, fields, error) => {
    const { generate, there } = await far(HELLO)
    const { status, body } = await generate({ model: 'far', prompt: 'hi', ...fields })
    expect([status, body]).toEqual([400, { error }])
    expect(there.requests).toEqual([])
  })
})

const call = (index: number, fields: object) => chunk({ tool_calls: [{ index, ...fields }] })
const named = (index: number, id: string, name: string) =>
  call(index, { id, type: 'function', function: { name, arguments: '' } })
const piece = (index: number, text: string) => call(index, { function: { arguments: text } })

describe('ollama 96: an engine that parses tool calls itself', () => {
  test('ollama 96: argument deltas become whole calls before the end, and done_reason stop', async () => {
    const paris = [...'{"city":"Paris \\u00e9 😀"}'].map((text) => piece(0, text))
    const rome = [...'{"city":"Rome","days":[1,2]}'].map((text) => piece(1, text))
    const inTurns = paris.flatMap((first, i) => [first, rome[i] ?? piece(1, '')])
    const { chat } = await far(
      says(
        named(0, 'call_a', 'get_weather'),
        named(1, 'call_b', 'get_weather'),
        ...inTurns,
        ...rome.slice(paris.length),
        chunk({}, 'tool_calls'),
      ),
    )
    const streamed = lines(await chat({ ...ASKED, tools: [W], stream: true }))
    expect(streamed.flatMap(({ message }) => message.tool_calls ?? [])).toEqual([
      { id: 'call_a', function: { index: 0, name: 'get_weather', arguments: { city: 'Paris é 😀' } } },
      {
        id: 'call_b',
        function: { index: 1, name: 'get_weather', arguments: { city: 'Rome', days: [1, 2] } },
      },
    ])
    expect(streamed.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
    expect(streamed.slice(0, -1).every(({ done }) => done === false)).toBe(true)
  })

  test.each(['{"city":', '[1]', '"Paris"', 'Paris', '{"city":"Paris"}}'])(
    'ollama 96: arguments %s are an error',
    async (text) => {
      const reply = says(named(0, 'a', 'get_weather'), piece(0, text), chunk({}, 'tool_calls'))
      const { chat } = await far(reply)
      const { status, body } = await chat({ ...ASKED, tools: [W] })
      expect([status, body]).toEqual([500, { error: 'invalid tool call arguments for "get_weather"' }])
      const streamed = await chat({ ...ASKED, tools: [W], stream: true })
      expect([streamed.status, streamed.body]).toEqual([status, body])
    },
  )

  test('whole calls, calls without ids or numbers, and arguments that are objects are understood', async () => {
    const { chat } = await far(
      says(
        chunk({ tool_calls: [{ function: { name: 'a', arguments: { x: 1 } } }] }),
        call(1, { id: 'one', function: { name: 'b', arguments: '{"y":2}' } }),
        call(1, { id: 'two', function: { name: 'c' } }),
        chunk({}, 'stop'),
      ),
    )
    const { tool_calls } = (await chat({ ...ASKED, tools: [W] })).body.message
    expect(tool_calls).toMatchObject([
      {
        id: expect.stringMatching(/^call_[a-z0-9]{8}$/),
        function: { index: 0, name: 'a', arguments: { x: 1 } },
      },
      { id: 'one', function: { index: 1, name: 'b', arguments: { y: 2 } } },
      { id: 'two', function: { index: 2, name: 'c', arguments: {} } },
    ])
  })

  test('a call that the longest answer cut off is not made', async () => {
    const { chat } = await far(
      says(
        named(0, 'a', 'first'),
        piece(0, '{}'),
        named(1, 'b', 'second'),
        piece(1, '{"x":'),
        chunk({}, 'length'),
      ),
    )
    const { body } = await chat({ ...ASKED, tools: [W] })
    expect(body).toMatchObject({ done_reason: 'length', message: { tool_calls: [{ id: 'a' }] } })
    expect(body.message.tool_calls).toHaveLength(1)
  })

  test.each([
    [
      'too many calls',
      Array.from({ length: 129 }, (_, i) => named(i, `c${i}`, 'f')),
      'more than 128 tool calls',
    ],
    [
      'too much of them',
      [named(0, 'a', 'f'), piece(0, ' '.repeat(1_500_000)), piece(0, ' '.repeat(1_500_000))],
      'more than 2097152 characters of tool calls',
    ],
  ])('%s are an error', async (_, events, detail) => {
    const { chat } = await far(says(...events, chunk({}, 'tool_calls')))
    const { status, body } = await chat({ ...ASKED, tools: [W] })
    expect([status, body]).toEqual([
      500,
      { error: `an error was encountered while running the model: ${detail}` },
    ])
  })
})

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
    await expect.poll(there.connections).toBe(0)
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
    await expect.poll(there.connections).toBe(0)
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
    const { chat, there } = await far(() => {}, { settings: { loadTimeoutMs: 300 } })
    const answer = await chat(ASKED)
    const { host } = new URL(there.origin)
    expect([answer.status, answer.body]).toEqual([500, { error: `timed out waiting for ${host} to answer` }])
    await expect.poll(there.connections).toBe(0)
  })

  test('a server that falls silent is given up', async () => {
    const { chat, there } = await far(begins(event(chunk({ content: 'Hel' }))), {
      settings: { loadTimeoutMs: 300 },
    })
    const streamed = lines(await chat({ ...ASKED, stream: true }))
    expect(streamed.at(-1)).toEqual({ error: `${RUNNING}: nothing came for 0.3 seconds` })
    expect(streamed[0].message.content).toBe('Hel')
    await expect.poll(there.connections).toBe(0)
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

describe('a client that leaves', () => {
  test.each<[string, Reply, string]>([
    ['before the first byte', () => {}, ''],
    ['in the middle of the answer', begins(event(chunk({ content: 'Hel' }))), 'Hel'],
  ])('%s closes the connection to the other server', async (_, reply, seen) => {
    const { url, there } = await far(reply)
    const client = await openSocket(await url())
    client.post('/api/chat', ASKED)
    await expect.poll(() => there.requests.length).toBe(1)
    await client.until(seen)
    expect(await there.connections()).toBe(1)
    client.hangUp()
    await expect.poll(there.connections).toBe(0)
  })

  test('makes room for the next', async () => {
    const { url, chat, there } = await far(() => {}, { settings: { maxQueue: 1 } })
    const client = await openSocket(await url())
    client.post('/api/chat', ASKED)
    await expect.poll(() => there.requests.length).toBe(1)
    const full = await chat(ASKED)
    expect([full.status, full.body]).toEqual([
      503,
      { error: 'server busy, please try again.  maximum pending requests exceeded' },
    ])
    client.hangUp()
    await expect.poll(there.connections).toBe(0)
    const next = await openSocket(await url())
    next.post('/api/chat', ASKED)
    await expect.poll(() => there.requests.length).toBe(2)
  })

  test('a client that does not read holds the other server back', async () => {
    let written = 0
    const { url, there } = await far(
      pours(function* () {
        // Far more than the buffers on the way hold.
        for (; written < 1000; written++) yield event(chunk({ content: 'x'.repeat(60_000) }))
      }),
    )
    const client = await openSocket(await url())
    client.post('/api/chat', ASKED)
    await client.until('xxx')
    client.pause()
    let before = -1
    await expect
      .poll(
        () => {
          const isStill = before === written
          before = written
          return isStill
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true)
    expect(written).toBeLessThan(1000)
    client.hangUp()
    await expect.poll(there.connections).toBe(0)
  })
})

describe('which servers are asked', () => {
  test.each([
    ['chat', { messages: [user('hi')] }],
    ['generate', { prompt: 'hi' }],
    ['embed', { input: 'hi' }],
    ['embeddings', { prompt: 'hi' }],
  ] as const)('only allowed ones: %s', async (path, fields) => {
    const server = await far(HELLO, { remote: { hosts: ['localhost'] } })
    const { status, body } = await server[path]({ model: 'far', ...fields })
    expect([status, body]).toEqual([400, { error: 'this server cannot run this remote model' }])
    expect(server.there.requests).toEqual([])
  })

  test('never Ollama’s cloud', async () => {
    const config = { remote_host: 'https://ollama.com:443' }
    const { chat } = await far(HELLO, { config, remote: { hosts: ['ollama.com'] } })
    const { status, body } = await chat(ASKED)
    expect([status, body]).toEqual([403, { error: 'ollama cloud is disabled: remote model is unavailable' }])
  })

  test('through the web proxy there is', async () => {
    const proxy = await startOpenAi(HELLO)
    const { chat } = await far(HELLO, {
      config: { remote_host: 'http://gpu.test:8000' },
      remote: { hosts: ['gpu.test'], proxies: { http: proxy.origin } },
    })
    expect((await chat(ASKED)).body.message.content).toBe('Hello')
    expect(proxy.requests[0]?.path).toBe('http://gpu.test:8000/v1/chat/completions')
  })

  test('a stub is not found where a local model is asked for', async () => {
    const { chat } = await far(HELLO)
    expect((await chat({ ...ASKED, model: 'far:local' })).status).toBe(404)
  })

  test('a key is shown to its own server alone, and never told', async () => {
    const keys = new Map([['http://127.0.0.1:1', 'other']])
    const { chat, there } = await far(
      (response, request) =>
        refuses(403, { error: `no: ${request.headers.authorization}` })(response, request),
      { remote: { hosts: ['127.0.0.1'], keys } },
    )
    expect((await chat(ASKED)).body).toEqual({ error: 'no: undefined' })
    keys.set(there.origin, 'sk-secret')
    expect((await chat(ASKED)).body).toEqual({ error: 'no: Bearer …' })
    expect(there.requests[1]?.headers.authorization).toBe('Bearer sk-secret')
  })
})
