import { describe, expect, test } from 'vitest'
import { lines, serve, user } from './serve.ts'

const assistant = (content: string) => ({ role: 'assistant', content })
const system = (content: string) => ({ role: 'system', content })

test.each([[{}], [{ messages: [] }], [{ messages: null }]])(
  'ollama 68: chat with %j loads the model',
  async (extra) => {
    const { chat, backend } = await serve({ models: ['msg'] })
    const reply = await chat({ model: 'msg', stream: true, ...extra })
    expect(reply.body).toEqual({
      model: 'msg',
      created_at: expect.any(String),
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'load',
    })
    expect(backend.plans).toHaveLength(1)
  },
)

test('ollama 69: chat without messages and with keep_alive 0 unloads the model', async () => {
  const { chat, ps } = await serve({ models: ['msg'] })
  await chat({ model: 'msg' })
  expect((await chat({ model: 'msg', messages: [], keep_alive: 0 })).body.done_reason).toBe('unload')
  await expect.poll(ps).toEqual([])
})

test('ollama 70: an embedding model does not chat', async () => {
  const { chat } = await serve({ models: ['bert'] })
  const reply = await chat({ model: 'bert', messages: [user('Hi')] })
  expect([reply.status, reply.body]).toEqual([400, { error: '"bert" does not support chat' }])
})

describe('what the model reads', () => {
  test.each([
    ['ollama 71: one turn', 'msg', [user('Hi')], '[user] Hi\n'],
    ['ollama 72: the system text of the model', 'msgsys', [user('Hi')], '[system] M\n[user] Hi\n'],
    [
      'ollama 72: a system text of the client in its place',
      'msgsys',
      [system('R'), user('Hi')],
      '[system] R\n[user] Hi\n',
    ],
    [
      'ollama 73: the turns of the model first',
      'msgturns',
      [user('c')],
      '[user] a\n[assistant] b\n[user] c\n',
    ],
    ['two turns of one role as two', 'msg', [user('a'), user('b')], '[user] a\n[user] b\n'],
    [
      'ollama 74: two results of tools as two',
      'msg',
      [user('a'), { role: 'tool', content: '1' }, { role: 'tool', content: '2' }],
      '[user] a\n[tool] 1\n[tool] 2\n',
    ],
    [
      'ollama 75: turns through an older template',
      'tiny',
      [user('A'), assistant('B'), user('C')],
      'U:A BU:C ',
    ],
    ['ollama 76: a role in capitals', 'msg', [{ role: 'USER', content: 'Hi' }], '[user] Hi\n'],
  ])('%s', async (_name, model, messages, prompt) => {
    const { chat, prompts } = await serve({
      models: [
        'tiny',
        'msg',
        { from: 'msg', as: 'msgsys', system: 'M' },
        { from: 'msg', as: 'msgturns', messages: [user('a'), assistant('b')] },
      ],
    })
    expect((await chat({ model, messages })).status).toBe(200)
    expect(prompts()).toEqual([prompt])
  })
})

describe('a conversation that is too long', () => {
  const messages = [system('s'), user('a b c d e'), assistant('f g'), user('h i')]
  const options = { num_ctx: 10 }

  test('ollama 77: loses its oldest turns, never its system text', async () => {
    const { chat, prompts } = await serve({ models: ['msg'] })
    await chat({ model: 'msg', messages, options })
    expect(prompts()).toEqual(['[system] s\n[assistant] f g\n[user] h i\n'])
  })

  test('ollama 78: keeps its turns when the client says so, and is cut in the middle instead', async () => {
    const { chat, prompts } = await serve({ models: ['msg'] })
    expect((await chat({ model: 'msg', messages, options, truncate: false })).status).toBe(200)
    expect(prompts()[0]).toMatch(/^\[system\] s\n\[user\] a .*h i\n$/s)
  })

  test('ollama 78: is refused when it may not be cut either', async () => {
    const { chat, prompts } = await serve({ models: ['msg'] })
    const reply = await chat({ model: 'msg', messages, options, truncate: false, shift: false })
    expect([reply.status, reply.body.error]).toEqual([400, expect.stringMatching(/exceeds.*context/)])
    expect(prompts()).toEqual([])
  })

  test('ollama 79: keeps its only turn, cut in the middle', async () => {
    const { chat, prompts } = await serve({ models: ['msg'] })
    const words = 'a b c d e f g h i j k l m n'
    expect((await chat({ model: 'msg', messages: [user(words)], options })).status).toBe(200)
    const [prompt = ''] = prompts()
    expect(prompt.length).toBeLessThan(words.length)
    expect(prompt).toMatch(/^\[user\] a .*n\n$/)
  })

  test('ollama 79: is refused when nothing may be cut', async () => {
    const { chat } = await serve({ models: ['msg'] })
    const words = 'a b c d e f g h i j k l m n'
    const reply = await chat({ model: 'msg', messages: [user(words)], options, shift: false })
    expect([reply.status, reply.body.error]).toEqual([
      400,
      expect.stringContaining('longer than the context length'),
    ])
  })
})

test('ollama 80: an answer is streamed as turns of the assistant, numbers on the last line', async () => {
  const { chat } = await serve({ models: ['msg'] })
  const reply = await chat({ model: 'msg', messages: [user('Hi')], stream: true })
  expect(reply.headers['content-type']).toBe('application/x-ndjson')
  const [first, second, last, ...more] = lines(reply)
  const created_at = expect.any(String)
  const said = (content: string) => ({ model: 'msg', created_at, message: assistant(content), done: false })
  expect([first, second, more]).toEqual([said('Hello'), said(' world'), []])
  expect(last).toMatchObject({ message: assistant(''), done: true, done_reason: 'stop', eval_count: 2 })
  expect(Object.keys(last)).toEqual([
    'model',
    'created_at',
    'message',
    'done',
    'done_reason',
    'total_duration',
    'load_duration',
    'prompt_eval_count',
    'prompt_eval_duration',
    'eval_count',
    'eval_duration',
  ])
})

test('ollama 81: an answer that is not streamed comes as one turn', async () => {
  const { chat } = await serve({ models: ['msg'] })
  const { body } = await chat({ model: 'msg', messages: [user('Hi')] })
  expect(body).toMatchObject({ model: 'msg', message: assistant('Hello world'), done: true })
  expect(body).not.toHaveProperty('context')
})

test('ollama 82: a model with a jinja template reads its turns through it', async () => {
  const { chat, prompts } = await serve({ models: ['jinja'] })
  await chat({ model: 'jinja', messages: [system('S'), user('Hi')], think: false })
  expect(prompts()[0]).toContain('<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n')
})

test('ollama 98: tokens found in the cache count as read', async () => {
  const script = { answers: [{ steps: ['x'], cachedTokens: 7 }] }
  const { chat } = await serve({ models: ['msg'], script })
  const { body } = await chat({ model: 'msg', messages: [user('1 2 3 4 5 6 7 8')] })
  expect(body.prompt_eval_count).toBe(9)
})

test('the prompt can be seen without running the model', async () => {
  const { chat, backend } = await serve({ models: ['msg'] })
  const { body } = await chat({ model: 'msg', messages: [user('Hi')], _debug_render_only: true })
  expect(body).toMatchObject({ done: false, _debug_info: { rendered_template: '[user] Hi\n' } })
  expect(backend.requests).toEqual([])
})

describe('images in a chat', () => {
  test('are refused by a model that cannot see', async () => {
    const { chat } = await serve({ models: ['msg'] })
    const messages = [{ ...user('what is this?'), images: ['AAAA'] }]
    const reply = await chat({ model: 'msg', messages })
    expect([reply.status, reply.body]).toEqual([400, { error: '"msg" does not support vision' }])
  })
})
