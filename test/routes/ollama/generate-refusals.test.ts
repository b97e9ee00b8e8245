import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { lines, serve } from './serve.ts'

test('ollama 50: a suffix is refused by a model that fills no gaps', async () => {
  const { generate } = await serve()
  const reply = await generate({ model: 'tiny', prompt: 'a', suffix: 'b' })
  expect([reply.status, reply.body]).toEqual([
    400,
    { error: 'registry.ollama.ai/library/tiny:latest does not support insert' },
  ])
})

test('ollama 51: an embedding model does not generate', async () => {
  const { generate } = await serve({ models: ['bert'] })
  const reply = await generate({ model: 'bert', prompt: 'a' })
  expect([reply.status, reply.body]).toEqual([400, { error: '"bert" does not support generate' }])
})

test('ollama 52: a model that makes images is refused', async () => {
  const { generate } = await serve({ models: ['img'] })
  const reply = await generate({ model: 'img', prompt: 'a' })
  expect([reply.status, reply.body]).toEqual([
    400,
    { error: 'image generation models are not currently supported' },
  ])
})

test.each([
  ['tiny', -1],
  ['tiny', 21],
  ['nope', 21],
])('ollama 53: %s with top_logprobs %i is refused', async (model, top_logprobs) => {
  const { generate } = await serve()
  const reply = await generate({ model, prompt: 'a', top_logprobs })
  expect([reply.status, reply.body]).toEqual([400, { error: 'top_logprobs must be between 0 and 20' }])
})

test.each([
  ['!!!', 0],
  ['data:image/png;base64,AAAA', 4],
])('ollama 55: the image %j is no base64', async (image, at) => {
  const { generate } = await serve()
  const reply = await generate({ model: 'tiny', prompt: 'a', images: [image] })
  expect([reply.status, reply.body]).toEqual([400, { error: `illegal base64 data at input byte ${at}` }])
})

test('an image for a model that cannot see is refused', async () => {
  const { generate } = await serve()
  const reply = await generate({ model: 'tiny', prompt: 'a', images: ['AAAA'] })
  expect([reply.status, reply.body]).toEqual([400, { error: '"tiny" does not support vision' }])
})

test.each([
  [{ temperature: 'x' }, 'option "temperature" must be of type float32'],
  [{ num_ctx: '1' }, 'option "num_ctx" must be of type integer'],
  [{ stop: 'x' }, 'option "stop" must be of type array'],
  [{ stop: [1] }, 'option "stop" must be of an array of strings'],
  [{ use_mmap: 1 }, 'option "use_mmap" must be of type boolean'],
])('ollama 59: the options %j are refused with 500', async (options, error) => {
  const { generate } = await serve()
  for (const prompt of ['', 'a']) {
    const reply = await generate({ model: 'tiny', prompt, options })
    expect([reply.status, reply.body]).toEqual([500, { error }])
  }
})

test('ollama 60: options nobody knows are passed over', async () => {
  const { generate } = await serve()
  const options = { mirostat: 1, bogus: 2, num_ctx: null }
  expect((await generate({ model: 'tiny', prompt: 'a', options })).status).toBe(200)
})

test('ollama 61: a context too small is raised to 4 tokens, and fractions are cut off', async () => {
  const { generate, backend, ps } = await serve()
  await generate({ model: 'tiny', prompt: 'a', raw: true, options: { num_ctx: 2, top_k: 10.9 } })
  expect((await ps())[0].context_length).toBe(4)
  expect(backend.requests[0]?.sampling.topK).toBe(10)
})

describe('ollama 62: the format of the answer', () => {
  test.each([[''], [null]])('ollama 62: the format %j leaves the answer free', async (format) => {
    const { generate, backend } = await serve()
    expect((await generate({ model: 'tiny', prompt: 'a', format })).status).toBe(200)
    expect(backend.requests[0]).not.toHaveProperty('grammar')
  })

  test('ollama 62: json and a schema become a grammar', async () => {
    const { generate, backend } = await serve()
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
    for (const format of ['json', schema]) await generate({ model: 'tiny', prompt: 'a', format })
    const [json, constrained] = backend.requests.map(({ grammar }) => grammar)
    expect(json).toContain('root')
    expect(constrained).toContain('city')
  })

  test.each([
    ['xml', 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'],
    [[1], 'invalid format: "[1]"; expected "json" or a valid JSON Schema object'],
  ])('ollama 62: the format %j is refused with 500', async (format, error) => {
    const { generate } = await serve()
    const reply = await generate({ model: 'tiny', prompt: 'a', format })
    expect([reply.status, reply.body]).toEqual([500, { error }])
  })
})

describe('failures of the engine', () => {
  const overloaded = new EngineError('busy', 'model is overloaded')

  test.each([[true], [false]])(
    'ollama 63: one before the first word has its own status, stream %s',
    async (stream) => {
      const { generate } = await serve({ script: { answers: [{ steps: [{ fail: overloaded }] }] } })
      const reply = await generate({ model: 'tiny', prompt: 'a', stream })
      expect([reply.status, reply.headers['content-type'], reply.body]).toEqual([
        503,
        'application/json; charset=utf-8',
        { error: 'model is overloaded' },
      ])
    },
  )

  test('ollama 64: one in the middle ends the stream with an error line', async () => {
    const { generate } = await serve({ script: { answers: [{ steps: ['A', { fail: overloaded }] }] } })
    const reply = await generate({ model: 'tiny', prompt: 'a', stream: true })
    expect(reply.status).toBe(200)
    const [first, last, ...more] = lines(reply)
    expect(first.response).toBe('A')
    expect([last, more]).toEqual([{ error: 'model is overloaded' }, []])
  })

  test('ollama 64: one in the middle has a status where the answer is not streamed', async () => {
    const { generate } = await serve({ script: { answers: [{ steps: ['A', { fail: overloaded }] }] } })
    const reply = await generate({ model: 'tiny', prompt: 'a' })
    expect([reply.status, reply.body]).toEqual([503, { error: 'model is overloaded' }])
  })

  test('a failure nobody foresaw tells nothing of the inside', async () => {
    const steps = [{ fail: new TypeError('cannot read /root/secret') }]
    const { generate } = await serve({ script: { answers: [{ steps }] } })
    const reply = await generate({ model: 'tiny', prompt: 'a' })
    expect([reply.status, JSON.stringify(reply.body)]).toEqual([500, expect.not.stringContaining('secret')])
  })
})

test('ollama 66: thinking is refused by a model that does not think, unless it is turned off', async () => {
  const { generate } = await serve()
  for (const prompt of ['', 'a']) {
    const on = await generate({ model: 'tiny', prompt, think: true })
    expect([on.status, on.body]).toEqual([400, { error: '"tiny" does not support thinking' }])
  }
  expect((await generate({ model: 'tiny', prompt: 'a', think: false })).status).toBe(200)
})

test('thinking is refused before the options are looked at', async () => {
  const { generate } = await serve()
  const reply = await generate({ model: 'tiny', prompt: 'a', think: 'low', options: { stop: 1 } })
  expect(reply.body.error).toBe('"tiny" does not support thinking')
})

test('ollama 67: a think value nobody knows is refused', async () => {
  const { generate } = await serve()
  const text = await generate({ model: 'tiny', prompt: 'a', think: 'ultra' })
  expect([text.status, text.body]).toEqual([
    400,
    { error: 'invalid think value: "ultra" (must be "high", "medium", "low", "max", true, or false)' },
  ])
  const number = await generate({ model: 'tiny', prompt: 'a', think: 1 })
  expect([number.status, number.body.error]).toEqual([
    400,
    expect.stringMatching(/^think must be a boolean or string/),
  ])
})
