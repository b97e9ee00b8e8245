import { expect, test } from 'vitest'
import { CompletionsRequest, toJobs } from '../../../routes/openai/completions-job.ts'
import { model } from './hand-made.ts'

const read = (more: object) => toJobs(CompletionsRequest.parse({ model: 'tiny', ...more }), model('tiny'))

test('a plain prompt goes through the template, without thoughts', () => {
  expect(read({ prompt: 'a b' })).toEqual([
    {
      kind: 'generate',
      model: model('tiny'),
      rawName: 'tiny',
      prompt: 'a b',
      raw: false,
      think: false,
      options: {},
      defaults: { temperature: 1, topP: 1 },
      truncate: false,
      shift: false,
    },
  ])
})

test.each([
  [{ prompt: 'a', raw: true }, true],
  [{ prompt: 'a', echo: true }, true],
  [{ prompt: [1, 2] }, true],
  [{ prompt: 'a', raw: false }, false],
])('%j is raw: %j', (fields, raw) => {
  expect(read(fields)[0]?.raw).toBe(raw)
})

test('openai 91: every prompt gets n answers, prompt by prompt', () => {
  const jobs = read({ prompt: ['a', 'b'], n: 2, seed: 5 })
  expect(jobs.map((job) => [job.prompt, job.options.seed])).toEqual([
    ['a', 5],
    ['a', 6],
    ['b', 5],
    ['b', 6],
  ])
})

test('an empty suffix is none', () => {
  expect(read({ prompt: 'a', suffix: '' })[0]?.suffix).toBeUndefined()
})

test('the number of alternatives is passed on', () => {
  expect(read({ prompt: 'a', logprobs: 2 })[0]?.topLogprobs).toBe(2)
})

test.each([
  [{ max_tokens: 0 }, -1],
  [{ max_tokens: 0, echo: true }, 0],
  [{ max_tokens: 3 }, 3],
  [{}, undefined],
])('%j limits the answer to %j', (fields, limit) => {
  expect(read({ prompt: 'a', ...fields })[0]?.options.maxTokens).toBe(limit)
})

test.each([
  [{ prompt: [1], suffix: 'x' }, 'prompt'],
  [{ prompt: 'a', best_of: 2, stream: true }, 'best_of'],
  [{ prompt: 'a', best_of: 2 }, 'best_of'],
])('%j is refused', (fields, param) => {
  expect(() => read(fields)).toThrow(expect.objectContaining({ status: 400, param }))
})

test.each([
  [{ best_of: 1 }, 1],
  [{ best_of: null, n: 2 }, 2],
  [{ best_of: 2, n: 2 }, 2],
])('openai 96: %j is answered', (fields, answers) => {
  expect(read({ prompt: 'a', ...fields })).toHaveLength(answers)
})
