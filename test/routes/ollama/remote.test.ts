import { describe, expect, test } from 'vitest'
import { beginEvents, chunk, event, refuses, says, startOpenAi } from '../../helpers/openai-server.ts'
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
