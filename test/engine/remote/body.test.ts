import { describe, expect, test } from 'vitest'
import { toRequest } from '../../../engine/remote/body.ts'
import type { ChatJob, GenerateJob, Message } from '../../../engine/types.ts'
import { installedModel } from '../../helpers/installed-model.ts'

const stub = installedModel('far', { weightsPath: undefined })

const BASE = { model: stub, rawName: 'far', options: {}, truncate: true, shift: true } as const

const chat = (fields: Partial<ChatJob> = {}): ChatJob => ({
  kind: 'chat',
  ...BASE,
  messages: [{ role: 'user', content: 'hi' }],
  tools: [],
  toolChoice: 'auto',
  parallelToolCalls: true,
  ...fields,
})

const generate = (fields: Partial<GenerateJob> = {}): GenerateJob => ({
  kind: 'generate',
  ...BASE,
  prompt: 'hi',
  raw: false,
  ...fields,
})

const ALWAYS = { model: 'big', stream: true, stream_options: { include_usage: true } }
const HI = [{ role: 'user', content: 'hi' }]
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }

describe('what a chat asks for', () => {
  test.each<[string, Partial<ChatJob>, object]>([
    ['nothing', {}, {}],
    ['no thought', { think: false }, { reasoning_effort: 'none' }],
    ['a thought', { think: true }, { reasoning_effort: 'medium' }],
    ['much thought', { think: 'max' }, { reasoning_effort: 'max' }],
    ['log-probabilities', { topLogprobs: 0 }, { logprobs: true }],
    ['alternatives', { topLogprobs: 3 }, { logprobs: true, top_logprobs: 3 }],
    ['tools', { tools: [tool] }, { tools: [tool] }],
    ['tools, but none', { tools: [tool], toolChoice: 'none' }, {}],
    ['a call', { tools: [tool], toolChoice: 'required' }, { tools: [tool], tool_choice: 'required' }],
    [
      'a call of one tool',
      { tools: [tool], toolChoice: { name: 'f' } },
      { tools: [tool], tool_choice: { type: 'function', function: { name: 'f' } } },
    ],
    ['one call', { tools: [tool], parallelToolCalls: false }, { tools: [tool], parallel_tool_calls: false }],
    ['JSON', { format: 'json' }, { response_format: { type: 'json_object' } }],
    [
      'a schema',
      { format: { schema: { type: 'object' } } },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
        },
      },
    ],
    [
      'options that the API has',
      {
        options: {
          temperature: 0,
          topP: 0.5,
          seed: 1,
          stop: ['x'],
          maxTokens: 9,
          presencePenalty: 1,
          frequencyPenalty: 2,
          logitBias: [[5, -1]],
        },
      },
      {
        temperature: 0,
        top_p: 0.5,
        seed: 1,
        stop: ['x'],
        max_tokens: 9,
        presence_penalty: 1,
        frequency_penalty: 2,
        logit_bias: { 5: -1 },
      },
    ],
    ['options that leave it open', { options: { seed: -1, maxTokens: -1, stop: [] } }, {}],
    ['options that the API has not', { options: { topK: 3, contextLength: 5, repeatPenalty: 2 } }, {}],
  ])('%s', (_, fields, body) => {
    expect(toRequest(chat(fields), 'big')).toEqual({
      path: '/v1/chat/completions',
      body: { ...ALWAYS, messages: HI, ...body },
    })
  })

  test('the request’s options win over the stub’s, and those over the dialect’s', () => {
    const model = { ...stub, parameters: { temperature: 0.2, top_p: 0.3 } }
    const defaults = { temperature: 1, topP: 1, frequencyPenalty: 1 }
    const { body } = toRequest(chat({ model, defaults, options: { temperature: 0.1 } }), 'big')
    expect(body).toMatchObject({ temperature: 0.1, top_p: 0.3, frequency_penalty: 1 })
  })

  test('a grammar has no word there', () => {
    expect(() => toRequest(chat({ format: { grammar: 'root ::= "a"' } }), 'big')).toThrow(
      'it cannot be given a grammar',
    )
  })
})

describe('a conversation', () => {
  const messagesOf = (messages: Message[], model = stub) =>
    (toRequest(chat({ model, messages }), 'big').body as { messages: object[] }).messages

  test('has the stub’s own system text and messages in front', () => {
    const model = { ...stub, system: 'Be kind', messages: [{ role: 'user', content: 'a' }] }
    expect(messagesOf([{ role: 'user', content: 'hi' }], model)).toEqual([
      { role: 'system', content: 'Be kind' },
      { role: 'user', content: 'a' },
      ...HI,
    ])
  })

  test('keeps thoughts, under the names that servers read', () => {
    expect(messagesOf([{ role: 'assistant', content: 'a', thinking: 't' }])).toEqual([
      { role: 'assistant', content: 'a', reasoning_content: 't', reasoning: 't' },
    ])
  })

  test('joins calls and results by ids, also where none were given', () => {
    const call = (name: string, id?: string) => ({ name, arguments: { x: 1 }, ...(id ? { id } : {}) })
    const told = messagesOf([
      { role: 'assistant', content: '', toolCalls: [call('f'), call('g'), call('f', 'own')] },
      { role: 'tool', content: '1', toolName: 'g' },
      { role: 'tool', content: '2', toolCallId: 'own', toolName: 'f' },
      { role: 'tool', content: '3' },
      { role: 'tool', content: '4' },
    ])
    const wire = (name: string, id: string) => ({
      id,
      type: 'function',
      function: { name, arguments: '{"x":1}' },
    })
    expect(told).toEqual([
      {
        role: 'assistant',
        content: '',
        tool_calls: [wire('f', 'call_0'), wire('g', 'call_1'), wire('f', 'own')],
      },
      { role: 'tool', content: '1', tool_call_id: 'call_1', name: 'g' },
      { role: 'tool', content: '2', tool_call_id: 'own', name: 'f' },
      { role: 'tool', content: '3', tool_call_id: 'call_0' },
      { role: 'tool', content: '4', tool_call_id: 'call_2' },
    ])
  })

  test.each([
    ['image/png', '\x89PNG\r\n\x1a\n'],
    ['image/jpeg', '\xff\xd8\xff\xe0'],
    ['image/gif', 'GIF89a'],
    ['image/webp', 'RIFF\n\0\0\0WEBPVP8 '],
  ])('carries images of %s', (type, beginning) => {
    const image = Buffer.from(beginning, 'latin1')
    expect(messagesOf([{ role: 'user', content: 'see', images: [image] }])).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'see' },
          { type: 'image_url', image_url: { url: `data:${type};base64,${image.toString('base64')}` } },
        ],
      },
    ])
  })

  test('carries no images of other kinds', () => {
    const images = [Buffer.from('<svg/>')]
    expect(() => messagesOf([{ role: 'user', content: '', images }])).toThrow(
      'an image is neither PNG nor JPEG, GIF or WebP',
    )
  })
})

describe('a completion', () => {
  test('is one turn of a chat, behind the stub’s own system text', () => {
    const model = { ...stub, system: 'Be kind' }
    expect(toRequest(generate({ model, think: false }), 'big')).toEqual({
      path: '/v1/chat/completions',
      body: {
        ...ALWAYS,
        messages: [{ role: 'system', content: 'Be kind' }, ...HI],
        reasoning_effort: 'none',
      },
    })
  })

  test.each<[string, Partial<GenerateJob>, object]>([
    ['that is raw', { raw: true, think: false }, { prompt: 'hi', raw: true }],
    ['of tokens', { raw: true, prompt: [1, 2] }, { prompt: [1, 2], raw: true }],
    ['around a gap', { suffix: 's' }, { prompt: 'hi', suffix: 's' }],
    ['with log-probabilities', { raw: true, topLogprobs: 0 }, { prompt: 'hi', raw: true, logprobs: 0 }],
  ])('%s stays a prompt', (_, fields, body) => {
    expect(toRequest(generate(fields), 'big')).toEqual({
      path: '/v1/completions',
      body: { ...ALWAYS, ...body },
    })
  })

  test.each<[string, Partial<GenerateJob>]>([
    ['another template', { template: '{{ .Prompt }}' }],
    ['the tokens of a context', { context: [1] }],
    ['score prompts', { promptLogprobs: 0, raw: true }],
    ['no answer', { options: { maxTokens: 0 }, raw: true }],
    ['grammar', { format: { grammar: 'root ::= "a"' } }],
  ])('cannot ask for what the API has no word for: %s', (words, fields) => {
    expect(() => toRequest(generate(fields), 'big')).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining(words),
      }),
    )
  })
})
