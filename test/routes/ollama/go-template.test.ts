/** The cases whose models have templates in Go syntax, with the templates that the cases name. */

import { describe, expect, test } from 'vitest'
import { T1 } from '../../helpers/fixture-models.ts'
import { lines, serve, user, W } from './serve.ts'

const system = (content: string) => ({ role: 'system', content })
const assistant = (content: string) => ({ role: 'assistant', content })
const answering = (...steps: string[]) => ({ answers: [{ steps }] })

describe('the prompt of generate', () => {
  test.each([
    ['ollama 40: is the prompt in the template', { model: 'go' }, 'U:Hi '],
    ['ollama 41: has the system text of the client', { model: 'go', system: 'B' }, 'S:B U:Hi '],
    ['ollama 41: has the system text of the model', { model: 'gosys' }, 'S:M U:Hi '],
    ['ollama 41: has the client’s in place of the model’s', { model: 'gosys', system: 'B' }, 'S:B U:Hi '],
    [
      'ollama 42: follows the template of the request',
      { model: 'go', system: 'B', template: '{{ .System }}|{{ .Prompt }}|' },
      'B|Hi|',
    ],
    ['ollama 43: is left alone when it is raw', { model: 'go', raw: true }, 'Hi'],
    ['is one turn for a template of turns', { model: 'gomsg' }, '[user] Hi\n'],
    ['ollama 49: is as it is without a gap', { model: 'gofim' }, 'Hi'],
    ['ollama 49: is written around a gap', { model: 'gofim', suffix: 'b' }, '<P>Hi<S>b<M>'],
  ])('%s', async (_name, body, prompt) => {
    const { generate, prompts } = await serve({ models: ['go', 'gosys', 'gomsg', 'gofim'] })
    expect((await generate({ prompt: 'Hi', ...body })).status).toBe(200)
    expect(prompts()).toEqual([prompt])
  })

  test('ollama 50: a gap is refused where the template has no place for one', async () => {
    const { generate } = await serve({ models: [{ from: 'go', as: 'tiny' }] })
    const { status, body } = await generate({ model: 'tiny', prompt: 'a', suffix: 'b' })
    const error = 'registry.ollama.ai/library/tiny:latest does not support insert'
    expect([status, body]).toEqual([400, { error }])
  })

  test('ollama 57: goes behind the tokens of an earlier exchange', async () => {
    const { generate, prompts } = await serve({ models: ['go'] })
    const { context } = (await generate({ model: 'go', prompt: 'old' })).body
    await generate({ model: 'go', prompt: 'Hi', context })
    expect(prompts()[1]).toBe('U:old U:Hi ')
  })

  test('ollama 58: is shown without being answered', async () => {
    const { generate, prompts } = await serve({ models: ['go'] })
    const { body } = await generate({ model: 'go', prompt: 'Hi', _debug_render_only: true })
    expect(body).toMatchObject({ done: false, _debug_info: { rendered_template: 'U:Hi ' } })
    expect(prompts()).toEqual([])
  })
})

describe('the prompt of a chat', () => {
  const toolResults = [
    { role: 'tool', content: '1' },
    { role: 'tool', content: '2' },
  ]
  test.each([
    ['ollama 71: one turn', 'gomsg', [user('Hi')], '[user] Hi\n'],
    ['ollama 72: the system text of the model', 'msgsys', [user('Hi')], '[system] M\n[user] Hi\n'],
    ['ollama 72: that of the client', 'msgsys', [system('R'), user('Hi')], '[system] R\n[user] Hi\n'],
    ['ollama 73: turns of the model', 'msgturns', [user('c')], '[user] a\n[assistant] b\n[user] c\n'],
    ['ollama 74: two turns of one role as one', 'gomsg', [user('a'), user('b')], '[user] a\n\nb\n'],
    ['ollama 74: two results of tools as two', 'gomsg', toolResults, '[tool] 1\n[tool] 2\n'],
    ['ollama 75: an older template', 'go', [user('A'), assistant('B'), user('C')], 'U:A BU:C '],
    ['a system text in an older template', 'go', [system('s'), user('A'), assistant('B')], 'S:s U:A B'],
  ])('%s', async (_name, model, messages, prompt) => {
    const { chat, prompts } = await serve({
      models: [
        'go',
        'gomsg',
        { from: 'gomsg', as: 'msgsys', system: 'M' },
        { from: 'gomsg', as: 'msgturns', messages: [user('a'), assistant('b')] },
      ],
    })
    expect((await chat({ model, messages })).status).toBe(200)
    expect(prompts()).toEqual([prompt])
  })

  const long = {
    model: 'gomsg',
    messages: [system('s'), user('a b c d e'), assistant('f g'), user('h i')],
    options: { num_ctx: 10 },
  }

  test('ollama 77: loses its oldest turns', async () => {
    const { chat, prompts } = await serve({ models: ['gomsg'] })
    await chat(long)
    expect(prompts()).toEqual(['[system] s\n[assistant] f g\n[user] h i\n'])
  })

  test('ollama 79: keeps its only turn, cut in the middle', async () => {
    const { chat, prompts } = await serve({ models: ['gomsg'] })
    await chat({ ...long, messages: [user('a b c d e f g h i j k l m n')] })
    expect(prompts()[0]).toMatch(/^\[user\] a .*n\n$/)
  })

  test.each([
    ['auto', '[user] Hi\n'],
    ['go', 'U:Hi '],
    ['jinja', '[user] Hi\n'],
  ] as const)('ollama 82: of two templates the operator’s choice is used: %s', async (templates, prompt) => {
    const { chat, show, prompts } = await serve({ models: ['both'], templates })
    await chat({ model: 'both', messages: [user('Hi')] })
    expect(prompts()).toEqual([prompt])
    expect((await show({ model: 'both' })).body.template === T1).toBe(templates === 'go')
  })
})

describe('thoughts', () => {
  const ask = { messages: [user('Hi')] }

  test('ollama 83: stay out of the answer', async () => {
    const { chat } = await serve({ models: ['gothink'], script: answering('<think>\nhm</think>\n\nYes') })
    const { body } = await chat({ model: 'gothink', ...ask })
    expect(body.message).toEqual({ role: 'assistant', content: 'Yes', thinking: 'hm' })
  })

  test.each([
    [' a </think> b', { role: 'assistant', content: 'b', thinking: 'a ' }],
    ['</think> b', { role: 'assistant', content: 'b' }],
  ])('ollama 84: are known when the prompt ends inside one: %j', async (text, message) => {
    const { chat } = await serve({ models: ['gothinkopen'], script: answering(text) })
    expect((await chat({ model: 'gothinkopen', ...ask })).body.message).toEqual(message)
  })

  test('are printed when the client sends them back', async () => {
    const { chat, prompts } = await serve({ models: ['gothink'] })
    const said = { role: 'assistant', content: 'Yes', thinking: 'hm' }
    await chat({ model: 'gothink', messages: [user('a'), said, user('b')] })
    expect(prompts()).toEqual(['[user] a\n[assistant] <think>hm</think>Yes\n[user] b\n'])
  })
})

describe('tools', () => {
  const ask = { messages: [user('Weather in Paris?')], tools: [W] }
  const CALL = ['<tool', '_call>{"name":"get_', 'weather","arguments":{"city":"Paris"}}</tool_call>']
  const PARIS = { index: 0, name: 'get_weather', arguments: { city: 'Paris' } }

  test('ollama 88: are refused where the template does not print them', async () => {
    const { chat } = await serve({ models: [{ from: 'gomsg', as: 'msg' }] })
    const { status, body } = await chat({ model: 'msg', ...ask })
    const error = 'registry.ollama.ai/library/msg:latest does not support tools'
    expect([status, body]).toEqual([400, { error }])
  })

  test('are printed as compact JSON', async () => {
    const { chat, prompts } = await serve({ models: ['gotool'] })
    await chat({ model: 'gotool', ...ask })
    expect(prompts()).toEqual([
      '[{"type":"function","function":{"name":"get_weather","description":"The weather in a city",' +
        '"parameters":{"type":"object","required":["city"],"properties":{"city":{"type":"string"}}}}}]\n' +
        '[user] Weather in Paris?\n',
    ])
  })

  test('ollama 89: a call is streamed whole, and nothing of its text', async () => {
    const { chat } = await serve({ models: ['gotool'], script: answering(...CALL) })
    const all = lines(await chat({ model: 'gotool', stream: true, ...ask }))
    const calls = all.flatMap((line) => line.message.tool_calls ?? [])
    expect(calls).toEqual([{ id: expect.stringMatching(/^call_[a-z0-9]{8}$/), function: PARIS }])
    expect(all.map((line) => line.message.content).join('')).toBe('')
    expect(all.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
  })

  test('ollama 90: a call comes with an empty text', async () => {
    const { chat } = await serve({ models: ['gotool'], script: answering(...CALL) })
    const { message } = (await chat({ model: 'gotool', ...ask })).body
    expect([message.content, message.tool_calls.length]).toEqual(['', 1])
  })

  test('ollama 91: two calls have two places', async () => {
    const { chat } = await serve({ models: ['gotool'], script: answering(...CALL, '\n', ...CALL) })
    const { tool_calls } = (await chat({ model: 'gotool', ...ask })).body.message
    expect(tool_calls.map((call: { function: object }) => call.function)).toEqual([
      PARIS,
      { ...PARIS, index: 1 },
    ])
  })

  test.each([
    ['{"name":"get_weather","parameters":{"city":"Paris"}}', '', 1],
    ['Sure {"name":"get_weather","parameters":{"city":"Paris"}}', undefined, 0],
    ['{"x":1}', undefined, 0],
    ['{"name":"get_weather"', undefined, 0],
  ])('ollama 92: bare JSON is a call at the start of an answer only: %s', async (text, content, count) => {
    const { chat } = await serve({ models: ['gobare'], script: answering(text) })
    const { message } = (await chat({ model: 'gobare', ...ask })).body
    expect([message.content, message.tool_calls?.length ?? 0]).toEqual([content ?? text, count])
  })

  test('earlier calls and their results are printed', async () => {
    const { chat, prompts } = await serve({ models: ['gotool'] })
    const called = {
      role: 'assistant',
      tool_calls: [{ function: { name: 'get_weather', arguments: { unit: '<C>', city: 'Paris' } } }],
    }
    const result = { role: 'tool', tool_name: 'get_weather', content: '11' }
    await chat({ model: 'gotool', messages: [user('a'), called, result] })
    expect(prompts()).toEqual([
      '[user] a\n[assistant] <tool_call>{"name": "get_weather", "arguments": ' +
        '{"city":"Paris","unit":"\\u003cC\\u003e"}}</tool_call>\n[tool] 11\n',
    ])
  })
})

test('ollama 120: show prints the template in Go syntax where that is used', async () => {
  const { show } = await serve({ models: ['go'] })
  expect((await show({ model: 'go' })).body.template).toBe(T1)
})

test.each([
  ['gotool', ['completion', 'tools']],
  ['gofim', ['completion', 'insert']],
  ['gothink', ['completion', 'thinking']],
] as const)('ollama 121: what a template in Go syntax says of its model: %s', async (model, capabilities) => {
  const { show } = await serve({ models: [model] })
  expect((await show({ model })).body.capabilities).toEqual(capabilities)
})

test('a template that fails answers 500 in the words of Go', async () => {
  const { chat } = await serve({ models: [{ from: 'go', as: 'bad', goTemplate: '{{ .Prompt' }] })
  const { status, body } = await chat({ model: 'bad', messages: [user('Hi')] })
  expect([status, body]).toEqual([500, { error: 'template: :1: unclosed action' }])
})
