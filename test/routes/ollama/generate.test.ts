import { describe, expect, test } from 'vitest'
import { lines, serve } from './serve.ts'

const ONE_WORD = { answers: [{ steps: ['A', 'B'] }] }

describe.each([[false], [true]])('an empty prompt, stream %s', (stream) => {
  test('ollama 37: loads the model and answers in one object without numbers', async () => {
    const { generate, backend } = await serve()
    const reply = await generate({ model: 'tiny', stream })
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(reply.body).toEqual({
      model: 'tiny',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      response: '',
      done: true,
      done_reason: 'load',
    })
    expect([backend.plans.length, backend.requests.length]).toEqual([1, 0])
  })

  test('ollama 38: with keep_alive 0 unloads the model', async () => {
    const { generate, ps } = await serve()
    await generate({ model: 'tiny' })
    expect(await ps()).toHaveLength(1)
    const reply = await generate({ model: 'tiny', keep_alive: 0, stream })
    expect(reply.body).toMatchObject({ model: 'tiny', response: '', done: true, done_reason: 'unload' })
    await expect.poll(ps).toEqual([])
  })
})

test.each([['0s'], [0]])(
  'ollama 39: keep_alive %j for a model that is not loaded is no error',
  async (keep_alive) => {
    const { generate, backend } = await serve()
    const reply = await generate({ model: 'tiny', keep_alive })
    expect([reply.status, reply.body.done_reason, backend.plans.length]).toEqual([200, 'unload', 0])
  },
)

test('ollama 40: a prompt is read through the template', async () => {
  const { generate, prompts } = await serve()
  expect((await generate({ model: 'tiny', prompt: 'Hi' })).status).toBe(200)
  expect(prompts()).toEqual(['U:Hi '])
})

test.each([
  ['tiny', { system: 'B' }, 'S:B U:Hi '],
  ['tinysys', {}, 'S:M U:Hi '],
  ['tinysys', { system: 'B' }, 'S:B U:Hi '],
])('ollama 41: %s with %j reads %j', async (model, extra, prompt) => {
  const { generate, prompts } = await serve({ models: ['tiny', 'tinysys'] })
  await generate({ model, prompt: 'Hi', ...extra })
  expect(prompts()).toEqual([prompt])
})

test('ollama 42: a template in the request takes the place of the model’s own', async () => {
  const { generate, prompts } = await serve()
  const template = '{{ .System }}|{{ .Prompt }}|'
  await generate({ model: 'tiny', prompt: 'Hi', system: 'B', template })
  expect(prompts()).toEqual(['B|Hi|'])
})

test('a template in the request that is broken answers 500 in the words of Go', async () => {
  const { generate, prompts } = await serve()
  const { status, body } = await generate({ model: 'tiny', prompt: 'Hi', template: '{{ .Prompt' })
  expect([status, body]).toEqual([500, { error: 'template: :1: unclosed action' }])
  const late = await generate({ model: 'tiny', prompt: 'Hi', template: '{{ .Prompt.Name }}' })
  const error =
    'template: :1:10: executing "" at <.Prompt.Name>: can\'t evaluate field Name in type interface {}'
  expect([late.status, late.body]).toEqual([500, { error }])
  expect(prompts()).toEqual([])
})

test('ollama 43: a raw prompt is read as it is, and gives no context', async () => {
  const { generate, prompts } = await serve()
  const reply = await generate({ model: 'tiny', prompt: 'Hi', raw: true })
  expect(prompts()).toEqual(['Hi'])
  expect(reply.body.response).toBe('Hello world')
  expect(reply.body).not.toHaveProperty('context')
})

test.each([[{ template: 'x' }], [{ system: 'x' }], [{ context: [1] }]])(
  'ollama 44: a raw prompt does not go with %j',
  async (extra) => {
    const { generate } = await serve()
    const reply = await generate({ model: 'tiny', prompt: 'Hi', raw: true, ...extra })
    expect([reply.status, reply.body]).toEqual([
      400,
      { error: 'raw mode does not support template, system, or context' },
    ])
  },
)

test('ollama 45: an answer in one object has every key in its place, and integers for numbers', async () => {
  const { generate } = await serve()
  const { body } = await generate({ model: 'tiny', prompt: 'Hi' })
  expect(Object.keys(body)).toEqual([
    'model',
    'created_at',
    'response',
    'done',
    'done_reason',
    'context',
    'total_duration',
    'load_duration',
    'prompt_eval_count',
    'prompt_eval_duration',
    'eval_count',
    'eval_duration',
  ])
  expect(body).toMatchObject({ model: 'tiny', done: true, done_reason: 'stop', eval_count: 2 })
  const numbers = Object.entries(body).filter(([key]) => /_(count|duration)$/.test(key))
  expect(numbers.filter(([, value]) => !Number.isInteger(value))).toEqual([])
})

test('ollama 46: an answer is streamed as one line for every piece, numbers on the last', async () => {
  const { generate } = await serve({ script: ONE_WORD })
  const reply = await generate({ model: 'tiny', prompt: 'Hi', stream: true })
  expect(reply.headers['content-type']).toBe('application/x-ndjson')
  const [first, second, last, ...more] = lines(reply)
  const created_at = expect.any(String)
  expect(first).toEqual({ model: 'tiny', created_at, response: 'A', done: false })
  expect(second).toEqual({ model: 'tiny', created_at, response: 'B', done: false })
  expect(last).toMatchObject({ response: '', done: true, done_reason: 'stop', eval_count: 2 })
  expect(last.context).toEqual(expect.any(Array))
  expect(more).toEqual([])
})

test('an answer is streamed unless the client says otherwise', async () => {
  const { http } = await serve()
  const reply = await http.post('/api/generate').send({ model: 'tiny', prompt: 'Hi' })
  expect(reply.headers['content-type']).toBe('application/x-ndjson')
})

test('ollama 47: without streaming the pieces come as one text', async () => {
  const { generate } = await serve({ script: ONE_WORD })
  expect((await generate({ model: 'tiny', prompt: 'Hi' })).body.response).toBe('AB')
})

test('ollama 48: an answer that was cut off says so', async () => {
  const { generate } = await serve({ script: { answers: [{ steps: ['A'], reason: 'length' }] } })
  expect((await generate({ model: 'tiny', prompt: 'Hi' })).body.done_reason).toBe('length')
})

test.each([
  [{ suffix: 'b' }, '<P>a<S>b<M>'],
  [{}, 'a'],
])('ollama 49: a model that fills gaps reads prompt a and %j as %j', async (extra, prompt) => {
  const { generate, prompts } = await serve({ models: ['fim'] })
  await generate({ model: 'fim', prompt: 'a', ...extra })
  expect(prompts()).toEqual([prompt])
})

test('ollama 57: the context of an earlier answer goes before the prompt', async () => {
  const { generate, prompts } = await serve()
  const { context } = (await generate({ model: 'tiny', prompt: 'old' })).body
  expect(context.length).toBeGreaterThan(0)
  await generate({ model: 'tiny', prompt: 'Hi', context })
  expect(prompts()[1]).toMatch(/^U:old /)
  expect(prompts()[1]).toMatch(/U:Hi $/)
})

test('ollama 58: the prompt can be seen without running the model', async () => {
  const { generate, backend } = await serve()
  const { body } = await generate({ model: 'tiny', prompt: 'Hi', _debug_render_only: true })
  expect(body).toMatchObject({ response: '', done: false, _debug_info: { rendered_template: 'U:Hi ' } })
  expect(body).not.toHaveProperty('total_duration')
  expect(backend.requests).toEqual([])
})

describe('ollama 54: log-probabilities', () => {
  const token = (text: string, logprob: number) => ({ token: text, bytes: [...Buffer.from(text)], logprob })
  const script = {
    answers: [
      {
        steps: [
          {
            logprobs: {
              type: 'text' as const,
              text: 'Hi\u00e9',
              tokens: 2,
              logprobs: [
                { ...token('Hi', -0.1), alternatives: [token('Hi', -0.1), token('Ho', -3)] },
                { ...token('\u00e9', -0.2), alternatives: [token('\u00e9', -0.2), token('e', -4)] },
              ],
            },
          },
        ],
      },
    ],
  }

  test('ollama 54: every token comes with its log-probability and bytes', async () => {
    const { generate } = await serve({ script })
    const { body } = await generate({ model: 'tiny', prompt: 'x', logprobs: true })
    expect(body.logprobs).toEqual([
      { token: 'Hi', logprob: -0.1, bytes: [72, 105] },
      { token: '\u00e9', logprob: -0.2, bytes: [0xc3, 0xa9] },
    ])
  })

  test('alternatives come only when asked for, on the line of their token', async () => {
    const { generate, backend } = await serve({ script })
    const reply = await generate({
      model: 'tiny',
      prompt: 'x',
      logprobs: true,
      top_logprobs: 2,
      stream: true,
    })
    const [first, last] = lines(reply)
    expect(first.logprobs[0].top_logprobs).toEqual([
      { token: 'Hi', logprob: -0.1, bytes: [72, 105] },
      { token: 'Ho', logprob: -3, bytes: [72, 111] },
    ])
    expect(last).not.toHaveProperty('logprobs')
    expect(backend.requests[0]?.topLogprobs).toBe(2)
  })

  test('top_logprobs alone has no effect', async () => {
    const { generate, backend } = await serve()
    await generate({ model: 'tiny', prompt: 'x', top_logprobs: 2 })
    expect(backend.requests[0]?.topLogprobs).toBeUndefined()
  })
})
