import { expect, test } from 'vitest'
import { grammarFor } from '../../../engine/prompt/job-grammar.ts'
import { chatPrompt } from '../../../engine/prompt/job-prompt.ts'
import type { ChatJob, Tool } from '../../../engine/types.ts'
import { readGbnf } from './grammar/gbnf-matcher.ts'
import { chatJob, model, say } from './jobs.ts'
import { HERMES, REASONER } from './templates.ts'

const ADD: Tool = { type: 'function', function: { name: 'add' } }
const INTEGER = { schema: { type: 'integer' } }

function grammar(template: string, fields: Partial<ChatJob>, thinks = false): string | undefined {
  const capabilities = thinks
    ? (['completion', 'tools', 'thinking'] as const)
    : (['completion', 'tools'] as const)
  const job = chatJob(
    model({ chatTemplate: template }, { capabilities: [...capabilities] }),
    [say('user', 'q')],
    fields,
  )
  return grammarFor(job, chatPrompt(job, new Date(0)))
}

test('an answer without a format and without a forced call is free', () => {
  expect(grammar(HERMES, {})).toBeUndefined()
  expect(grammar(HERMES, { tools: [ADD], toolChoice: 'none' })).toBeUndefined()
})

test('openai 60: a format holds the answer', () => {
  const gbnf = readGbnf(grammar(HERMES, { format: 'json' }) ?? '')
  expect([gbnf.matches('{"a":1}'), gbnf.matches('Sure')]).toEqual([true, false])
})

test('ollama 87: with thinking on, a thought may stand before what the format holds', () => {
  const gbnf = readGbnf(grammar(HERMES, { format: INTEGER }, true) ?? '')
  expect([gbnf.matches('7'), gbnf.matches('<think>x</think>\n7'), gbnf.matches('x 7')]).toEqual([
    true,
    true,
    false,
  ])
})

test('a thought that the prompt has opened is closed before the answer', () => {
  const gbnf = readGbnf(grammar(REASONER, { format: INTEGER }, true) ?? '')
  expect([gbnf.matches('x</think>7'), gbnf.matches('7')]).toEqual([true, false])
  const off = readGbnf(grammar(REASONER, { format: INTEGER, think: false }, true) ?? '')
  expect([off.matches('x</think>7'), off.matches('7')]).toEqual([false, true])
})

test('openai 55: a forced call holds the answer to one', () => {
  const text = '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'
  for (const toolChoice of ['required', { name: 'add' }] as const) {
    const gbnf = readGbnf(grammar(HERMES, { tools: [ADD], toolChoice, format: INTEGER }) ?? '')
    expect([gbnf.matches(text), gbnf.matches('Sure')]).toEqual([true, false])
  }
})

test('a schema that cannot be kept to is refused', () => {
  expect(() => grammar(HERMES, { format: { schema: { if: {} } } })).toThrow(
    expect.objectContaining({ code: 'bad_format' }),
  )
})
