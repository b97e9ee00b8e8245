import { expect, test } from 'vitest'
import { type TestAppOptions, testApp } from '../../helpers/app.ts'
import type { Step } from '../../helpers/scripted-backend.ts'
import { framesOf, handMade, post, says } from './hand-made.ts'

const URL = '/v1/completions'

async function complete(fields: object, options: TestAppOptions = {}) {
  const { app, backend } = await testApp(options)
  const reply = await post(app, URL, { model: 'tiny', ...fields })
  return { status: reply.statusCode, reply, backend, request: backend.requests[0] }
}
const json = async (fields: object, options?: TestAppOptions) => {
  const { reply, ...rest } = await complete(fields, options)
  return { ...rest, body: reply.json() }
}

const piece = (token: string, logprob = -1): Step => ({
  logprobs: {
    type: 'text',
    text: token,
    tokens: 1,
    logprobs: [
      {
        token,
        bytes: [...Buffer.from(token)],
        logprob,
        alternatives: [
          { token: 'x', bytes: [120], logprob: -2 },
          { token: 'y', bytes: [121], logprob: -3 },
        ],
      },
    ],
  },
})

test('openai 89: a raw prompt is fed as it is', async () => {
  const { body, request } = await json({ model: 'fim', prompt: 'a b', raw: true })
  expect(request?.text).toBe('a b')
  expect(body).toMatchObject({
    id: expect.stringMatching(/^cmpl-.{24,}$/),
    object: 'text_completion',
    model: 'fim',
    choices: [{ text: 'Hello world', index: 0, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 },
  })
})

test('openai 90: a plain prompt goes through the model’s template', async () => {
  expect((await json({ prompt: 'a b' })).request?.text).toBe('U:a b ')
})

const RAW = { app: { rawCompletions: true } }

test('openai 90: a server can be set to feed prompts as they are', async () => {
  expect((await json({ prompt: 'a b' }, RAW)).request?.text).toBe('a b')
})

test('openai 90: on such a server a request may still ask for the template', async () => {
  expect((await json({ prompt: 'a b', raw: false }, RAW)).request?.text).toBe('U:a b ')
})

test('on such a server a suffix still makes the prompt fill-in-middle', async () => {
  const { request } = await json({ model: 'fim', prompt: 'a', suffix: 'z' }, RAW)
  expect(request?.text).toBe('<P>a<S>z<M>')
})

test('openai 91: every prompt gets n choices, prompt by prompt', async () => {
  const { body, backend } = await json({ prompt: ['a', 'b'], n: 2, raw: true })
  expect(body.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3])
  expect(backend.requests.map(({ text }) => text).sort()).toEqual(['a', 'a', 'b', 'b'])
  expect(body.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 8, total_tokens: 12 })
})

test('openai 92: tokens are fed as they are', async () => {
  expect((await json({ prompt: [1, 2] })).request?.prompt).toEqual([1, 2])
})

test('openai 92: lists of tokens are a prompt each', async () => {
  const { body, backend } = await json({ prompt: [[1], [2, 3]] })
  expect(body.choices).toHaveLength(2)
  expect(backend.requests.map(({ prompt }) => prompt)).toEqual(expect.arrayContaining([[1], [2, 3]]))
})

test.each([[[1.5]], [{}]])('openai 92: prompt %j is refused', async (prompt) => {
  expect((await json({ prompt })).status).toBe(400)
})

test('openai 93: a suffix makes the prompt fill-in-middle', async () => {
  const { request } = await json({ model: 'fim', prompt: 'a', suffix: 'z' })
  expect(request?.text).toBe('<P>a<S>z<M>')
})

test('openai 93: a suffix for a model that cannot fill in is refused', async () => {
  expect(await json({ prompt: 'a', suffix: 'z' })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('does not support insert') } },
  })
})

test('openai 94: log-probabilities are four arrays in step', async () => {
  const script = { answers: [{ steps: [piece('Hé'), piece('llo')] }] }
  const { body, request } = await json({ prompt: 'a', logprobs: 2 }, { script })
  expect(request?.topLogprobs).toBe(2)
  expect(body.choices[0].logprobs).toEqual({
    tokens: ['Hé', 'llo'],
    token_logprobs: [-1, -1],
    top_logprobs: [
      { x: -2, y: -3, Hé: -1 },
      { x: -2, y: -3, llo: -1 },
    ],
    text_offset: [0, 2],
  })
})

test('echo puts the prompt before the answer, and feeds it raw', async () => {
  const { body, request } = await json({ prompt: 'Say: ', echo: true })
  expect(request?.text).toBe('Say: ')
  expect(body.choices[0].text).toBe('Say: Hello world')
})

const SILENT = { answers: [{ steps: [], reason: 'length' as const }] }
const SCORED = {
  tokens: ['Say ', 'hello ', 'now'],
  token_logprobs: [null, -0.25, -0.5],
  top_logprobs: [null, { '*': -0.125, 'hello ': -0.25 }, { '*': -0.125, now: -0.5 }],
  text_offset: [0, 4, 10],
}

test('openai 95: echo with log-probabilities and no tokens scores the prompt', async () => {
  const asked = { prompt: 'Say hello now', echo: true, logprobs: 1, max_tokens: 0 }
  const { body, request } = await json(asked, { script: SILENT })
  expect(request).toMatchObject({ text: 'Say hello now', maxTokens: 0, promptLogprobs: 1 })
  expect(body.choices).toEqual([
    { text: 'Say hello now', index: 0, logprobs: SCORED, finish_reason: 'length' },
  ])
})

test('openai 95: so do the chunks of a stream, added up', async () => {
  const asked = { prompt: 'Say hello now', echo: true, logprobs: 1, max_tokens: 0, stream: true }
  const { reply } = await complete(asked, { script: SILENT })
  const choices = framesOf(reply.body).flatMap((frame) => (frame === '[DONE]' ? [] : frame.choices))
  expect(choices.map(({ text }) => text).join('')).toBe('Say hello now')
  const parts = choices.flatMap(({ logprobs }) => logprobs ?? [])
  expect(parts.length).toBeGreaterThan(1)
  for (const key of Object.keys(SCORED) as (keyof typeof SCORED)[]) {
    expect(parts.flatMap((part) => part[key])).toEqual(SCORED[key])
  }
  expect(choices.at(-1).finish_reason).toBe('length')
})

test.each([true, false])('openai 95: a prompt of tokens is echoed as text, streamed: %j', async (stream) => {
  const app = await testApp({ script: SILENT })
  // The scripted backend numbers words as they come.
  await post(app.app, URL, { model: 'tiny', prompt: 'Say hello now', raw: true })
  const asked = { model: 'tiny', prompt: [0, 1, 2], echo: true, max_tokens: 0, stream }
  for (const logprobs of [undefined, 1]) {
    const reply = await post(app.app, URL, { ...asked, logprobs })
    const frames = stream ? framesOf(reply.body).filter((frame) => frame !== '[DONE]') : [reply.json()]
    const choices = frames.flatMap((frame) => frame.choices)
    expect(choices.map(({ text }) => text).join('')).toBe('Say hello now')
    const tokens = choices.flatMap((choice) => choice.logprobs?.tokens ?? [])
    expect(tokens).toEqual(logprobs === undefined ? [] : SCORED.tokens)
  }
})

test('the log-probabilities of an answer follow those of its echo', async () => {
  const script = { answers: [{ steps: [piece('Hi'), piece(' you')] }] }
  const { body } = await json({ prompt: 'Say hello now', echo: true, logprobs: 2 }, { script })
  expect(body.choices[0].text).toBe('Say hello nowHi you')
  expect(body.choices[0].logprobs).toMatchObject({
    tokens: [...SCORED.tokens, 'Hi', ' you'],
    text_offset: [...SCORED.text_offset, 13, 15],
  })
})

test('an echo without log-probabilities does not have the prompt scored', async () => {
  const { request } = await json({ prompt: 'Say hello now', echo: true })
  expect(request?.promptLogprobs).toBeUndefined()
})

test('a prompt that is to be scored is refused when it is too long, never cut', async () => {
  const asked = { prompt: 'a b c d e f', echo: true, logprobs: 1, truncate: true, num_ctx: 4 }
  expect(await json(asked)).toMatchObject({
    status: 400,
    body: { error: { code: 'context_length_exceeded' } },
  })
})

test('openai 96: best_of cannot be streamed', async () => {
  expect((await json({ prompt: 'a', best_of: 2, stream: true })).status).toBe(400)
})

test('openai 96: best_of 1 is nothing', async () => {
  expect((await json({ prompt: 'a', best_of: 1 })).status).toBe(200)
})

test('openai 97: a stream is text chunks, usage and done', async () => {
  const { reply } = await complete({
    prompt: 'a',
    stream: true,
    stream_options: { include_usage: true },
  })
  const frames = framesOf(reply.body)
  const chunks = frames.slice(0, -1)
  expect(frames.at(-1)).toBe('[DONE]')
  expect(new Set(chunks.map(({ object }) => object))).toEqual(new Set(['text_completion']))
  expect(chunks.slice(0, -1).map(({ usage }) => usage)).toEqual([null, null, null, null])
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 2 } })
  const choices = chunks.flatMap((chunk) => chunk.choices)
  expect(choices.map(({ text }: { text: string }) => text).join('')).toBe('Hello world')
  expect(choices.at(-1)).toEqual({ text: '', index: 0, logprobs: null, finish_reason: 'stop' })
})

test('a stream with echo starts with the prompt', async () => {
  const { reply } = await complete({ prompt: 'Say: ', echo: true, stream: true })
  expect(framesOf(reply.body)[0].choices[0].text).toBe('Say: ')
})

test('offsets go on through the chunks of a stream', async () => {
  const script = { answers: [{ steps: [piece('ab'), piece('c'), piece('d')] }] }
  const { reply } = await complete({ prompt: 'a', logprobs: 1, stream: true }, { script })
  const offsets = framesOf(reply.body)
    .filter((frame) => frame !== '[DONE]')
    .flatMap(({ choices: [choice] }) => choice.logprobs?.text_offset ?? [])
  expect(offsets).toEqual([0, 2, 3])
})

test('openai 98: the model is told not to think', async () => {
  const thinkOff = await json({ model: 'jinja', prompt: 'a' })
  expect(thinkOff.request?.text).toContain('<think>\n\n</think>')
})

test.each([true, false])('openai 98: thoughts are no part of a completion, streamed: %j', async (stream) => {
  const thought = { type: 'thinking-delta' as const, text: 'hm', logprobs: [] }
  const { app } = handMade(says(thought, { type: 'text-delta', text: '4' }))
  const { body } = await post(app, URL, { model: 'tiny', prompt: 'a', stream })
  expect(body).toContain('"text":"4"')
  expect(body).not.toContain('hm')
})

test('an unknown model is 404', async () => {
  expect(await json({ model: 'nope', prompt: 'a' })).toMatchObject({
    status: 404,
    body: { error: { message: "model 'nope' not found", code: 'model_not_found' } },
  })
})
