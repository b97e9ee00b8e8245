import { describe, expect, test } from 'vitest'
import { DEFAULT_OPTIONS, parseOptions, resolveOptions } from '../../engine/options.ts'

const SOURCES = {
  defaults: {},
  parameters: {},
  request: {},
  trainedContext: 8192,
  defaultContext: 4096,
  hasVision: false,
}

describe('the options of a request', () => {
  test('have an engine name each', () => {
    const bag = {
      num_ctx: 1,
      num_batch: 2,
      num_gpu: 3,
      main_gpu: 4,
      use_mmap: true,
      num_thread: 5,
      num_keep: 6,
      seed: 7,
      num_predict: 8,
      top_k: 9,
      top_p: 0.1,
      min_p: 0.2,
      typical_p: 0.3,
      repeat_last_n: 0,
      temperature: 0.4,
      repeat_penalty: 0.5,
      presence_penalty: 0.6,
      frequency_penalty: 0.7,
      stop: ['x', 'y'],
      mirostat: 2,
      mirostat_tau: 4,
      mirostat_eta: 0.2,
      dry_multiplier: 0.8,
      dry_base: 1.5,
      dry_allowed_length: 3,
      dry_penalty_last_n: -1,
      dry_sequence_breakers: ['.', ''],
      xtc_probability: 0.5,
      xtc_threshold: 0.15,
      top_n_sigma: 1,
    }
    expect(parseOptions(bag)).toEqual({
      contextLength: 1,
      batchTokens: 2,
      gpuLayers: 3,
      mainGpu: 4,
      mmap: true,
      threads: 5,
      keepTokens: 6,
      seed: 7,
      maxTokens: 8,
      topK: 9,
      topP: 0.1,
      minP: 0.2,
      typicalP: 0.3,
      repeatLastN: 0,
      temperature: 0.4,
      repeatPenalty: 0.5,
      presencePenalty: 0.6,
      frequencyPenalty: 0.7,
      stop: ['x', 'y'],
      mirostat: 2,
      mirostatTau: 4,
      mirostatEta: 0.2,
      dryMultiplier: 0.8,
      dryBase: 1.5,
      dryAllowedLength: 3,
      dryPenaltyLastN: -1,
      drySequenceBreakers: ['.'],
      xtcProbability: 0.5,
      xtcThreshold: 0.15,
      topNSigma: 1,
    })
  })

  test.each([
    [{ temperature: 'x' }, 'option "temperature" must be of type float32'],
    [{ num_ctx: '1' }, 'option "num_ctx" must be of type integer'],
    [{ main_gpu: true }, 'option "main_gpu" must be of type integer'],
    [{ stop: 'x' }, 'option "stop" must be of type array'],
    [{ stop: [1] }, 'option "stop" must be of an array of strings'],
    [{ mirostat: 'on' }, 'option "mirostat" must be of type integer'],
    [{ dry_sequence_breakers: ':' }, 'option "dry_sequence_breakers" must be of type array'],
    [
      { dry_sequence_breakers: Array(17).fill(':') },
      'option "dry_sequence_breakers" must be of at most 16 strings of at most 40 bytes',
    ],
    [
      { dry_sequence_breakers: ['é'.repeat(21)] },
      'option "dry_sequence_breakers" must be of at most 16 strings of at most 40 bytes',
    ],
    [{ use_mmap: 1 }, 'option "use_mmap" must be of type boolean'],
    [{ top_p: null, seed: {} }, 'option "seed" must be of type integer'],
  ])('ollama 59: %j is refused', (bag, message) => {
    expect(() => parseOptions(bag)).toThrow(expect.objectContaining({ code: 'bad_option', message }))
  })

  test('ollama 60: unknown names and null are passed over', () => {
    expect(parseOptions({ numa: 1, bogus: 2, num_ctx: null, temperature: undefined })).toEqual({})
    expect(parseOptions(Object.create({ seed: 1 }))).toEqual({})
  })

  test.each([
    [10.9, 10],
    [-1.9, -1],
    [0, 0],
  ])('ollama 61: a whole number given as %d is %d', (given, expected) => {
    expect(parseOptions({ top_k: given })).toEqual({ topK: expected })
  })

  test('openai 34: an empty stop text is ignored', () => {
    expect(parseOptions({ stop: ['', 'x'] })).toEqual({ stop: ['x'] })
  })
})

describe('options in force', () => {
  test("are Ollama's when nobody says otherwise", () => {
    expect(resolveOptions(SOURCES)).toEqual({ ...DEFAULT_OPTIONS, contextLength: 4096, maxTokens: 40_960 })
    expect(DEFAULT_OPTIONS).toMatchObject({
      temperature: 0.8,
      topK: 40,
      topP: 0.9,
      repeatLastN: 64,
      seed: -1,
      keepTokens: 4,
    })
  })

  test('openai 33: the request wins over the model, the model over the dialect, zero is a value', () => {
    const sources = { ...SOURCES, defaults: { temperature: 1, topP: 1 }, parameters: { temperature: 0.3 } }
    expect(resolveOptions(sources)).toMatchObject({ temperature: 0.3, topP: 1, topK: 40 })
    expect(resolveOptions({ ...sources, request: { temperature: 0 } })).toMatchObject({ temperature: 0 })
  })

  test('a model may bring samplers of its own', () => {
    const parameters = { mirostat: 2, mirostat_tau: 3, dry_multiplier: 0.8, xtc_probability: '1' }
    const expected = { mirostat: 2, mirostatTau: 3, dryMultiplier: 0.8, xtcProbability: 0 }
    expect(resolveOptions({ ...SOURCES, parameters })).toMatchObject(expected)
  })

  test('stored parameters of a wrong type are passed over, the others hold', () => {
    const parameters = { stop: 'x', temperature: 'hot', top_k: 3, num_ctx: null }
    expect(resolveOptions({ ...SOURCES, parameters })).toMatchObject({ stop: [], temperature: 0.8, topK: 3 })
  })

  test.each([
    ['ollama 61: at least 4 tokens', { request: { contextLength: 2 } }, 4],
    ['at least 2048 with vision', { request: { contextLength: 2 }, hasVision: true }, 2048],
    ['what the model was trained on at most', { request: { contextLength: 100_000 } }, 8192],
    [
      'what was asked where training is unknown',
      { request: { contextLength: 100_000 }, trainedContext: undefined },
      100_000,
    ],
    ["the model's own", { parameters: { num_ctx: 1000 } }, 1000],
    ['the default when nobody asks', {}, 4096],
  ])('the context is %s', (_, sources, expected) => {
    expect(resolveOptions({ ...SOURCES, ...sources }).contextLength).toBe(expected)
  })

  test.each([
    [-1, 40_960],
    [-2, 40_960],
    [50_000, 40_960],
    [40_960, 40_960],
    [7, 7],
    [0, 0],
  ])('an answer of at most %d tokens is one of at most %d', (maxTokens, expected) => {
    expect(resolveOptions({ ...SOURCES, request: { maxTokens } }).maxTokens).toBe(expected)
  })

  test('a batch has at least one token', () => {
    expect(resolveOptions({ ...SOURCES, request: { batchTokens: 0 } }).batchTokens).toBe(1)
  })
})
