import { expect, test } from 'vitest'
import { ChatRequest, toJob } from '../../../routes/openai/chat-job.ts'
import { choicesOf } from '../../../routes/openai/job-fields.ts'
import { chatBody, model, withCapabilities } from './hand-made.ts'

const read = (more: object = {}, on = model('tiny')) => toJob(ChatRequest.parse(chatBody(more)), on)
const options = (more: object) => read(more).options
const fault = (more: object) => ChatRequest.safeParse(chatBody(more)).error?.issues[0]?.message

test('a bare request asks for nothing but an answer', () => {
  expect(read()).toEqual({
    kind: 'chat',
    model: model('tiny'),
    rawName: 'tiny',
    messages: [{ role: 'user', content: 'hi' }],
    tools: [],
    toolChoice: 'auto',
    parallelToolCalls: true,
    options: {},
    defaults: { temperature: 1, topP: 1 },
    truncate: false,
    shift: false,
  })
})

test.each([
  [{ max_completion_tokens: 2 }, 2],
  [{ max_tokens: 5, max_completion_tokens: 2 }, 2],
  [{ max_tokens: 5, max_completion_tokens: null }, 5],
  [{ max_tokens: 0 }, -1],
  [{ max_tokens: -1 }, -1],
  [{ max_tokens: null }, undefined],
  [{ n_predict: 7 }, 7],
  [{ n_predict: 7, max_tokens: 5 }, 5],
])('%j limits the answer to %j', (fields, limit) => {
  expect(options(fields).maxTokens).toBe(limit)
})

test('openai 33: zero is a temperature, not an absent one', () => {
  expect(options({ temperature: 0 })).toEqual({ temperature: 0 })
})

test.each([
  [{ stop: 'X' }, ['X']],
  [{ stop: ['X', 'Y'] }, ['X', 'Y']],
  [{ stop: ['', 'X'] }, ['X']],
  [{ stop: [''] }, undefined],
  [{ stop: '' }, undefined],
  [{ stop: [] }, undefined],
])('%j stops at %j', (fields, stop) => {
  expect(options(fields).stop).toEqual(stop)
})

test('every sampling field has its place', () => {
  const fields = {
    temperature: 0.5,
    top_p: 0.9,
    seed: 7,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    top_k: 5,
    min_p: 0.05,
    typical_p: 0.8,
    repeat_penalty: 1.1,
    repeat_last_n: 64,
    mirostat: 1,
    mirostat_tau: 4,
    mirostat_eta: 0.2,
    dry_multiplier: 0.8,
    dry_base: 1.5,
    dry_allowed_length: 3,
    dry_penalty_last_n: 32,
    dry_sequence_breakers: ['.'],
    xtc_probability: 0.5,
    xtc_threshold: 0.15,
    top_n_sigma: 1.5,
    num_ctx: 4096,
  }
  expect(options(fields)).toEqual({
    temperature: 0.5,
    topP: 0.9,
    seed: 7,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    topK: 5,
    minP: 0.05,
    typicalP: 0.8,
    repeatPenalty: 1.1,
    repeatLastN: 64,
    mirostat: 1,
    mirostatTau: 4,
    mirostatEta: 0.2,
    dryMultiplier: 0.8,
    dryBase: 1.5,
    dryAllowedLength: 3,
    dryPenaltyLastN: 32,
    drySequenceBreakers: ['.'],
    xtcProbability: 0.5,
    xtcThreshold: 0.15,
    topNSigma: 1.5,
    contextLength: 4096,
  })
})

test('an explicit field wins over an extension, and that over options', () => {
  const fields = {
    temperature: 0.1,
    top_k: 5,
    options: { temperature: 0.9, top_k: 9, min_p: 0.2 },
  }
  expect(options(fields)).toEqual({ temperature: 0.1, topK: 5, minP: 0.2 })
})

test('options of a wrong type are refused', () => {
  expect(() => read({ options: { num_ctx: 'many' } })).toThrow(
    expect.objectContaining({ code: 'bad_option' }),
  )
})

test.each([
  [
    { '5': -100, '12': 1.5 },
    [
      [5, -100],
      [12, 1.5],
    ],
  ],
  [
    [
      [5, 1],
      ['7', false],
    ],
    [
      [5, 1],
      [7, -1e9],
    ],
  ],
  [{}, []],
])('logit_bias %j', (wire, bias) => {
  expect(options({ logit_bias: wire }).logitBias).toEqual(bias)
})

test.each([{ hello: 1 }, { '5': 101 }, { '5': 'x' }, { '-1': 1 }, [['hello', 1]], 7])(
  'logit_bias %j is refused',
  (wire) => {
    expect(ChatRequest.safeParse(chatBody({ logit_bias: wire })).success).toBe(false)
  },
)

test('a random seed of 64 bits is a seed', () => {
  expect(options({ seed: 2 ** 60 }).seed).toBe(2 ** 60)
})

test('half a seed is refused', () => {
  expect(fault({ seed: 1.5 })).toBe("'seed' must be an integer")
})

test.each([
  ['10m', 600_000],
  [30, 30_000],
  [-1, Number.POSITIVE_INFINITY],
  [0, 0],
  [null, undefined],
])('keep_alive %j keeps the model for %j ms', (wire, ms) => {
  expect(read({ keep_alive: wire }).keepAliveMs).toBe(ms)
})

test('a keep_alive without a unit is refused', () => {
  expect(fault({ keep_alive: '5' })).toBe('time: missing unit in duration "5"')
})

test.each([
  [{}, undefined],
  [{ logprobs: false, top_logprobs: 0 }, undefined],
  [{ logprobs: true }, 0],
  [{ logprobs: true, top_logprobs: 2 }, 2],
])('%j reports %j alternatives', (fields, alternatives) => {
  expect(read(fields).topLogprobs).toBe(alternatives)
})

test.each([21, -1])('openai 38: top_logprobs %d is refused', (top_logprobs) => {
  expect(fault({ logprobs: true, top_logprobs })).toBe('top_logprobs must be between 0 and 20')
})

test('openai 38: top_logprobs without logprobs is refused', () => {
  expect(() => read({ top_logprobs: 2 })).toThrow(
    expect.objectContaining({ status: 400, param: 'top_logprobs' }),
  )
})

test.each([0, 9, 99])('openai 40: n %d is refused', (n) => {
  expect(fault({ n })).toBe('n must be between 1 and 8')
})

test('several answers with a seed get a seed each', () => {
  const seeds = choicesOf(read({ seed: 7 }), 3).map((job) => job.options.seed)
  expect(seeds).toEqual([7, 8, 9])
})

test('several answers without a seed stay random', () => {
  expect(choicesOf(read({ seed: -1 }), 2).map((job) => job.options.seed)).toEqual([-1, -1])
  expect(choicesOf(read(), 2).map((job) => job.options.seed)).toEqual([undefined, undefined])
})

const THINKER = withCapabilities('think', 'thinking')

test.each([
  [{}, undefined],
  [{ reasoning_effort: 'none' }, false],
  [{ reasoning_effort: 'minimal' }, 'low'],
  [{ reasoning_effort: 'xhigh' }, 'max'],
  [{ reasoning: { effort: 'low' } }, 'low'],
  [{ think: false }, false],
])('openai 65: %j reaches a thinking model as think: %j', (fields, think) => {
  expect(read(fields, THINKER).think).toBe(think)
})

test('openai 65: an effort does not trouble a model that cannot think', () => {
  expect(read({ reasoning_effort: 'high' }).think).toBeUndefined()
})

test('openai 65: an unknown effort is refused, whatever the model', () => {
  expect(() => read({ reasoning_effort: 'banana' })).toThrow(/invalid reasoning value/)
})

test.each([{ modalities: ['text', 'audio'] }, { audio: { voice: 'alloy', format: 'wav' } }])(
  'openai 70: %j is refused',
  (fields) => {
    expect(() => read(fields)).toThrow('audio output is not supported')
  },
)

test('openai 70: fields that mean nothing here are ignored', () => {
  const fields = {
    user: 'u',
    metadata: { a: 1 },
    store: true,
    service_tier: 'auto',
    prediction: { type: 'content', content: 'x' },
    verbosity: 'low',
    modalities: ['text'],
    web_search_options: {},
    safety_identifier: 's',
    prompt_cache_key: 'k',
  }
  expect(read(fields)).toEqual(read())
})

test('truncate and format are passed on', () => {
  expect(read({ truncate: true, response_format: { type: 'json_object' } })).toMatchObject({
    truncate: true,
    format: 'json',
  })
})
