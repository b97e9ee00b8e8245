import { describe, expect, test } from 'vitest'
import { type TestAppOptions, testApp } from '../../helpers/app.ts'
import type { Step } from '../../helpers/scripted-backend.ts'
import { chatBody, post } from './hand-made.ts'

const CHAT = '/v1/chat/completions'
const answers = (...steps: Step[]): TestAppOptions => ({ script: { answers: [{ steps }] } })

/** One request to a fresh server: its reply, the JSON of it, and what the backend was asked. */
async function ask(more: object, options: TestAppOptions = {}) {
  const { app, backend } = await testApp(options)
  const reply = await post(app, CHAT, chatBody(more))
  return { status: reply.statusCode, body: reply.json(), backend, request: backend.requests[0] }
}

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const callText = (args: object, name = 'get_weather') =>
  `<tool_call>\n${JSON.stringify({ name, arguments: args })}\n</tool_call>`
const user = (content: unknown) => ({ role: 'user', content })

test('openai 26: a whole reply has everything a client reads', async () => {
  const { status, body } = await ask({}, answers('Hi'))
  expect(status).toBe(200)
  expect(body).toEqual({
    id: expect.stringMatching(/^chatcmpl-.{24,}$/),
    object: 'chat.completion',
    created: expect.any(Number),
    model: 'tiny',
    system_fingerprint: 'fp_ollama',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hi', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: {
      prompt_tokens: expect.any(Number),
      completion_tokens: 1,
      total_tokens: body.usage.prompt_tokens + 1,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  })
})

test('openai 27: the model comes back as it was sent', async () => {
  expect((await ask({ model: 'tiny:latest' })).body.model).toBe('tiny:latest')
})

test.each([
  [{ model: undefined }, 400, 'model is required'],
  [{ model: '' }, 400, 'model is required'],
  [{ model: 'a b' }, 400, 'invalid model name'],
])('openai 28: %j is refused', async (fields, status, message) => {
  expect(await ask(fields)).toMatchObject({
    status,
    body: { error: { message, type: 'invalid_request_error', code: null } },
  })
})

test('openai 29: a model that is not installed is 404', async () => {
  expect(await ask({ model: 'nope' })).toMatchObject({
    status: 404,
    body: {
      error: {
        message: "model 'nope' not found",
        type: 'not_found_error',
        param: 'model',
        code: 'model_not_found',
      },
    },
  })
})

test('a model that runs on somebody else’s machine is 403', async () => {
  expect(await ask({ model: 'stub' }, { models: ['stub'] })).toMatchObject({
    status: 403,
    body: { error: { message: 'ollama cloud is disabled: remote model is unavailable' } },
  })
})

test.each([{ messages: [] }, { messages: undefined }])('openai 30: %j is refused', async (fields) => {
  expect(await ask(fields)).toMatchObject({
    status: 400,
    body: { error: { message: "[] is too short - 'messages'", param: 'messages' } },
  })
})

test('openai 31: an answer cut by max_completion_tokens finishes by length', async () => {
  const script = { answers: [{ steps: ['a', 'b'], reason: 'length' as const }] }
  const { body, request } = await ask({ max_completion_tokens: 2 }, { script })
  expect(request?.maxTokens).toBe(2)
  expect(body.choices[0].finish_reason).toBe('length')
})

test('openai 32: max_completion_tokens wins over max_tokens', async () => {
  expect((await ask({ max_tokens: 5, max_completion_tokens: 2 })).request?.maxTokens).toBe(2)
})

test.each([0, -1, null])('openai 32: max_tokens %j is no limit of its own', async (max_tokens) => {
  const { request } = await ask({ max_tokens })
  const unlimited = (await ask({})).request
  expect(request?.maxTokens).toBe(unlimited?.maxTokens)
})

const WARM = { models: [{ from: 'tiny', parameters: { temperature: 0.3 } }] } as const

test('openai 33: the model’s own temperature counts when the request has none', async () => {
  expect((await ask({}, WARM)).request?.sampling).toMatchObject({ temperature: 0.3, topP: 1 })
})

test('openai 33: a temperature of zero is one', async () => {
  expect((await ask({ temperature: 0 }, WARM)).request?.sampling.temperature).toBe(0)
})

test('a model without parameters samples as OpenAI does', async () => {
  expect((await ask({})).request?.sampling).toMatchObject({ temperature: 1, topP: 1 })
})

test('openai 34: stop strings reach the runner', async () => {
  expect((await ask({ stop: ['X', 'Y'] })).request?.stop).toEqual(expect.arrayContaining(['X', 'Y']))
})

test('openai 34: a stop that is no string is refused', async () => {
  expect((await ask({ stop: [1] })).status).toBe(400)
})

test('openai 34: an empty stop string is ignored', async () => {
  expect((await ask({ stop: [''] })).request?.stop).not.toContain('')
})

test('openai 35: the seed reaches the runner', async () => {
  expect((await ask({ seed: 7 })).request?.sampling.seed).toBe(7)
})

test('openai 36: a ban by logit_bias reaches the runner', async () => {
  expect((await ask({ logit_bias: { '5': -100 } })).request?.sampling.logitBias).toEqual([[5, -100]])
})

const chosen = (token: string, logprob: number, alternatives: number) => ({
  token,
  bytes: [...Buffer.from(token)],
  logprob,
  alternatives: Array.from({ length: alternatives }, (_, k) => ({
    token: `${k}`,
    bytes: [48 + k],
    logprob: -k,
  })),
})
const piece = (token: string, logprob: number, alternatives = 0): Step => ({
  logprobs: { type: 'text', text: token, tokens: 1, logprobs: [chosen(token, logprob, alternatives)] },
})

test('openai 37: every token comes with its alternatives', async () => {
  const { body, request } = await ask(
    { logprobs: true, top_logprobs: 2 },
    answers(piece('H', -0.5, 2), piece('i', -0.25, 2)),
  )
  expect(request?.topLogprobs).toBe(2)
  const { content, refusal } = body.choices[0].logprobs
  expect(refusal).toBeNull()
  expect(content).toHaveLength(2)
  expect(content[0]).toEqual({
    token: 'H',
    logprob: -0.5,
    bytes: [72],
    top_logprobs: [
      { token: '0', logprob: 0, bytes: [48] },
      { token: '1', logprob: -1, bytes: [49] },
    ],
  })
})

test('openai 37: without alternatives the list is there and empty', async () => {
  const { body, request } = await ask({ logprobs: true }, answers(piece('H', -0.5)))
  expect(request?.topLogprobs).toBe(0)
  expect(body.choices[0].logprobs.content[0].top_logprobs).toEqual([])
})

test('openai 39: an impossible token has a number', async () => {
  const { body } = await ask({ logprobs: true }, answers(piece('H', Number.NEGATIVE_INFINITY)))
  expect(body.choices[0].logprobs.content[0].logprob).toBe(-9999)
})

test('openai 40: two answers are two choices, and their usage adds up', async () => {
  const script = { answers: [{ steps: ['a'] }, { steps: ['b', 'c'] }] }
  const { body, backend } = await ask({ n: 2 }, { script })
  expect(body.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1])
  const texts = body.choices.map(({ message }: { message: { content: string } }) => message.content)
  expect(texts.sort()).toEqual(['a', 'bc'])
  expect(body.usage.completion_tokens).toBe(3)
  expect(body.usage.prompt_tokens).toBe(2 * (backend.requests[0]?.prompt.length ?? 0))
})

test('openai 41: developer is rendered like system', async () => {
  const developer = { role: 'developer', content: 'be brief' }
  const { request } = await ask({ messages: [developer, user('hi')] })
  const { request: asSystem } = await ask({ messages: [{ ...developer, role: 'system' }, user('hi')] })
  expect(request?.text).toBe(asSystem?.text)
})

test('openai 41: an unknown role is refused', async () => {
  expect(await ask({ messages: [{ role: 'wizard', content: 'x' }] })).toMatchObject({
    status: 400,
    body: { error: { param: 'messages[0].role' } },
  })
})

test('openai 42: a late system message reaches a model that wants it first', async () => {
  const messages = [
    { role: 'system', content: 'first-rule' },
    user('hi'),
    { role: 'assistant', content: 'hello' },
    { role: 'system', content: 'second-rule' },
    user('bye'),
  ]
  const { status, request } = await ask({ model: 'jinja', messages })
  expect(status).toBe(200)
  expect(request?.text).toContain('first-rule')
  expect(request?.text).toContain('second-rule')
})

test('openai 43: text parts are one message', async () => {
  const content = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ]
  const { request } = await ask({ model: 'msg', messages: [user(content)] })
  expect(request?.text).toContain('[user] a\nb\n')
})

test('openai 45: an image on the web is refused', async () => {
  const content = [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }]
  expect(await ask({ messages: [user(content)] })).toMatchObject({
    status: 400,
    body: {
      error: {
        message: 'image URLs are not currently supported, please use base64 encoded data instead',
      },
    },
  })
})

test('openai 46: an image that is none is refused', async () => {
  const content = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,!!!' } }]
  expect(await ask({ messages: [user(content)] })).toMatchObject({
    status: 400,
    body: { error: { message: 'invalid image input' } },
  })
})

test('openai 46: an image for a model that cannot see is refused', async () => {
  const content = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,aGVsbG8=' } }]
  expect(await ask({ messages: [user(content)] })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('does not support') } },
  })
})

test('openai 47: an unknown part is refused', async () => {
  expect(await ask({ messages: [user([{ type: 'hologram' }])] })).toMatchObject({
    status: 400,
    body: { error: { message: 'invalid message format' } },
  })
})

test('openai 49: a tool’s result is rendered under the name of its call', async () => {
  const call = { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
  const messages = [
    user('add'),
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: '5' }] },
  ]
  const { status, request } = await ask({ model: 'tool', messages })
  expect(status).toBe(200)
  expect(request?.text).toContain('{"name": "add", "arguments": {"a": 1}}')
  expect(request?.text).toContain('[tool] 5')
})

const history = (args: string) => [
  user('add'),
  {
    role: 'assistant',
    tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: args } }],
  },
  { role: 'tool', tool_call_id: 'c', content: '5' },
]

test('openai 50: empty arguments are no arguments', async () => {
  const { status, request } = await ask({ model: 'tool', messages: history('') })
  expect(status).toBe(200)
  expect(request?.text).toContain('"arguments": {}')
})

test('openai 50: broken arguments are refused', async () => {
  expect(await ask({ model: 'tool', messages: history('{bad') })).toMatchObject({
    status: 400,
    body: { error: { message: 'invalid tool call arguments' } },
  })
})

test('openai 51: a tool’s result for an unknown call is accepted', async () => {
  const messages = [user('x'), { role: 'tool', tool_call_id: 'lost', content: '5' }]
  expect((await ask({ model: 'tool', messages })).status).toBe(200)
})

test('openai 52: a last message of the assistant is continued', async () => {
  const messages = [user('hi'), { role: 'assistant', content: 'The answer is' }]
  const { request } = await ask({ model: 'jinja', messages })
  expect(request?.text).toMatch(/The answer is$/)
})

test('openai 53: a tool call is a message with calls', async () => {
  const { body } = await ask(
    { model: 'tool', tools: [WEATHER] },
    answers(...callText({ city: 'Paris' }).split(/(?<=:)/)),
  )
  const [{ message, finish_reason }] = body.choices
  expect(finish_reason).toBe('tool_calls')
  expect(message.content).toBeNull()
  expect(message.tool_calls).toEqual([
    {
      id: expect.stringMatching(/^call_[a-z0-9]{24}$/),
      type: 'function',
      function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
    },
  ])
})

const twoCalls = answers(callText({ city: 'Paris' }), callText({ city: 'Rome' }))

test('openai 54: two calls have an id each', async () => {
  const { body } = await ask({ model: 'tool', tools: [WEATHER] }, twoCalls)
  const [first, second] = body.choices[0].message.tool_calls
  expect(body.choices[0].message.tool_calls).toHaveLength(2)
  expect(first.id).not.toBe(second.id)
})

describe('openai 55: tool_choice', () => {
  const choose = (tool_choice: unknown) => ask({ model: 'tool', tools: [WEATHER], tool_choice })

  test('none keeps the tools out of the prompt', async () => {
    expect((await choose('none')).request?.text).not.toContain('get_weather')
  })
  test('auto offers them and forces nothing', async () => {
    const { request } = await choose('auto')
    expect(request?.text).toContain('get_weather')
    expect(request?.grammar).toBeUndefined()
  })
  test('required forces a call', async () => {
    expect((await choose('required')).request?.grammar).toContain('get_weather')
  })
  test('a function forces that one', async () => {
    const other = { type: 'function', function: { name: 'get_time' } }
    const { request } = await ask({
      model: 'tool',
      tools: [WEATHER, other],
      tool_choice: { type: 'function', function: { name: 'get_time' } },
    })
    expect(request?.grammar).toContain('get_time')
    expect(request?.grammar).not.toContain('get_weather')
  })
  test('a function that is not among the tools is refused', async () => {
    expect((await choose({ type: 'function', function: { name: 'nope' } })).status).toBe(400)
  })
})

test('openai 56: allowed_tools offers and forces only those', async () => {
  const other = { type: 'function', function: { name: 'get_time' } }
  const { request } = await ask({
    model: 'tool',
    tools: [WEATHER, other],
    tool_choice: {
      type: 'allowed_tools',
      allowed_tools: {
        mode: 'required',
        tools: [{ type: 'function', function: { name: 'get_weather' } }],
      },
    },
  })
  expect(request?.text).toContain('get_weather')
  expect(request?.text).not.toContain('get_time')
  expect(request?.grammar).toContain('get_weather')
})

test('openai 57: parallel_tool_calls false returns one call', async () => {
  const { body } = await ask({ model: 'tool', tools: [WEATHER], parallel_tool_calls: false }, twoCalls)
  expect(body.choices[0].message.tool_calls).toHaveLength(1)
  expect(body.choices[0].finish_reason).toBe('tool_calls')
})

test('openai 58: a tool of another kind is passed over', async () => {
  const { status, request } = await ask({ model: 'tool', tools: [{ type: 'web_search' }, WEATHER] })
  expect(status).toBe(200)
  expect(request?.text).toContain('get_weather')
  expect(request?.text).not.toContain('web_search')
})

test('openai 58: an empty list of tools is none', async () => {
  expect((await ask({ tools: [] })).status).toBe(200)
})

test('openai 59: tools for a model that has no place for them are refused', async () => {
  expect(await ask({ tools: [WEATHER] })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('does not support tools') } },
  })
})

test('openai 60: json_object constrains the answer', async () => {
  const { status, request } = await ask({ response_format: { type: 'json_object' } })
  expect(status).toBe(200)
  expect(request?.grammar).toContain('root ::=')
})

describe('a grammar of the client', () => {
  test('holds the answer', async () => {
    const { status, request } = await ask({ grammar: 'root ::= "yes" | "no"' })
    expect(status).toBe(200)
    expect(request?.grammar).toBe('root ::= "yes" | "no"')
  })
  test('is refused before anything is generated when it is malformed', async () => {
    const { status, body, request } = await ask({ grammar: 'root ::= "yes' })
    expect([status, request]).toEqual([400, undefined])
    expect(body.error.message).toBe('the grammar has an early end in line 1')
  })
})

describe('openai 62: response_format', () => {
  test('without a schema is any object', async () => {
    const { status, request } = await ask({
      response_format: { type: 'json_schema', json_schema: { name: 'x' } },
    })
    expect(status).toBe(200)
    expect(request?.grammar).toContain('root ::=')
  })
  test.each([
    ['an unknown type', { type: 'yaml' }],
    [
      'a schema that cannot be compiled',
      { type: 'json_schema', json_schema: { name: 'x', schema: { $ref: '#/nowhere' } } },
    ],
  ])('%s is refused', async (_name, response_format) => {
    expect(await ask({ response_format })).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error', param: 'response_format' } },
    })
  })
})

test('openai 64: thoughts have fields of their own', async () => {
  const { body } = await ask({ model: 'think' }, answers('<think>', 'hm', '</think>', '4'))
  expect(body.choices[0].message).toEqual({
    role: 'assistant',
    content: '4',
    refusal: null,
    reasoning_content: 'hm',
    reasoning: 'hm',
  })
  expect(body.usage.completion_tokens_details.reasoning_tokens).toBeGreaterThanOrEqual(1)
})

test('openai 65: an effort for a model that cannot think is ignored', async () => {
  expect((await ask({ reasoning_effort: 'high' })).status).toBe(200)
})

test('openai 66: extensions reach the engine', async () => {
  const { backend, request } = await ask({
    num_ctx: 2048,
    keep_alive: '10m',
    options: { top_k: 5, temperature: 0.9 },
    temperature: 0.1,
  })
  expect(backend.plans[0]?.contextLength).toBe(2048)
  expect(request?.sampling).toMatchObject({ topK: 5, temperature: 0.1 })
})

const LONG = { messages: [user('word '.repeat(40))], num_ctx: 16 }

test('openai 67: a prompt longer than the context is refused with its numbers', async () => {
  const { status, body } = await ask(LONG)
  expect(status).toBe(400)
  expect(body.error).toMatchObject({ code: 'context_length_exceeded', n_ctx: 16 })
  expect(body.error.message).toContain('maximum context length is 16 tokens')
  expect(body.error.n_prompt_tokens).toBeGreaterThanOrEqual(40)
})

test('openai 67: truncate drops old turns instead', async () => {
  const messages = [user('word '.repeat(40)), { role: 'assistant', content: 'a' }, user('last')]
  const { status, request } = await ask({ messages, num_ctx: 16, truncate: true })
  expect(status).toBe(200)
  expect(request?.text).toContain('last')
  expect(request?.text).not.toContain('word')
})

test('openai 68: reused tokens are counted apart, and in the prompt', async () => {
  const script = { answers: [{ steps: ['a'] }, { steps: ['a'], cachedTokens: 1 }] }
  const { app } = await testApp({ script })
  const first = (await post(app, CHAT, chatBody())).json().usage
  const second = (await post(app, CHAT, chatBody())).json().usage
  expect(second.prompt_tokens_details.cached_tokens).toBe(1)
  expect(second.prompt_tokens).toBe(first.prompt_tokens)
})

test('openai 69: an embedding model does not chat', async () => {
  expect(await ask({ model: 'bert' })).toMatchObject({
    status: 400,
    body: { error: { message: '"bert" does not support chat' } },
  })
})

test('openai 11: a message of 20 MB is not too large to be read', async () => {
  const { status } = await ask({ messages: [user('x'.repeat(20_000_000))], num_ctx: 16 })
  expect(status).not.toBe(413)
})
