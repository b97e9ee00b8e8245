import { expect, test } from 'vitest'
import { toThink } from '../../../routes/openai/think.ts'

const NOTHING = {
  reasoning_effort: undefined,
  reasoning: undefined,
  think: undefined,
  chat_template_kwargs: undefined,
}

test.each([
  ['none', false],
  ['minimal', 'low'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['xhigh', 'max'],
  ['ultra', 'max'],
  ['max', 'max'],
  ['', undefined],
])('reasoning_effort %j means %j', (effort, level) => {
  expect(toThink({ ...NOTHING, reasoning_effort: effort })).toBe(level)
})

test.each([
  [{ reasoning: { effort: 'low' } }, 'low'],
  [{ think: true }, true],
  [{ think: false }, false],
  [{ think: 'high' }, 'high'],
  [{ chat_template_kwargs: { enable_thinking: false } }, false],
  [{}, undefined],
])('%j means %j', (fields, level) => {
  expect(toThink({ ...NOTHING, ...fields })).toBe(level)
})

test('OpenAI’s own field wins over the extensions', () => {
  expect(toThink({ ...NOTHING, reasoning_effort: 'none', think: true })).toBe(false)
})

test.each([
  [{ reasoning_effort: 'banana' }, 'reasoning_effort'],
  [{ reasoning: { effort: 'banana' } }, 'reasoning'],
  [{ think: 'banana' }, 'think'],
  [{ reasoning_effort: 'constructor' }, 'reasoning_effort'],
])('%j is refused', (fields, param) => {
  expect(() => toThink({ ...NOTHING, ...fields })).toThrow(
    expect.objectContaining({
      status: 400,
      param,
      message: expect.stringMatching(/^invalid reasoning value: "(banana|constructor)" \(must be/),
    }),
  )
})
