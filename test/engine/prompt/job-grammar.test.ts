import { expect, test } from 'vitest'
import { grammarFor, grammarsFor, lateGrammarFor } from '../../../engine/prompt/job-grammar.ts'
import { chatPrompt } from '../../../engine/prompt/job-prompt.ts'
import type { ChatJob, Tool } from '../../../engine/types.ts'
import { readGbnf } from './grammar/gbnf-matcher.ts'
import { chatJob, model, say } from './jobs.ts'
import { HERMES, REASONER } from './templates.ts'

const ADD: Tool = { type: 'function', function: { name: 'add' } }
const INTEGER = { schema: { type: 'integer' } }

function asked(template: string, fields: Partial<ChatJob>, thinks = false) {
  const capabilities = ['completion', 'tools', ...(thinks ? ['thinking' as const] : [])] as const
  const described = model({ chatTemplate: template }, { capabilities: [...capabilities] })
  const job = chatJob(described, [say('user', 'q')], fields)
  return { job, prompt: chatPrompt(job, new Date(0)) }
}

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

test('an answer with tools to choose from is free until it opens a call', () => {
  const { job, prompt } = asked(HERMES, { tools: [ADD], toolChoice: 'auto' })
  expect(grammarsFor(job, prompt)).not.toHaveProperty('grammar')
  const late = lateGrammarFor(job, prompt)
  expect(late).toMatchObject({ tag: '<tool_call>' })
  const gbnf = readGbnf(late?.grammar ?? '')
  const call = '\n{"name": "add", "arguments": {}}\n</tool_call>'
  expect([gbnf.matches(call), gbnf.matches(`${call}\n<tool_call>${call}`), gbnf.matches('x')]).toEqual([
    true,
    true,
    false,
  ])
})

test('one call is all there may be when calls are not parallel', () => {
  const { job, prompt } = asked(HERMES, { tools: [ADD], toolChoice: 'auto', parallelToolCalls: false })
  const gbnf = readGbnf(lateGrammarFor(job, prompt)?.grammar ?? '')
  const call = '{"name":"add","arguments":{}}</tool_call>'
  expect([gbnf.matches(call), gbnf.matches(`${call}<tool_call>${call}`)]).toEqual([true, false])
})

test('with a format and tools to choose from, the answer is in the format or a call', () => {
  const gbnf = readGbnf(grammar(HERMES, { tools: [ADD], toolChoice: 'auto', format: INTEGER }) ?? '')
  const call = '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'
  expect([gbnf.matches('7'), gbnf.matches(call), gbnf.matches('Sure')]).toEqual([true, true, false])
})

test('a strict tool whose schema cannot be kept to is refused, another one is not', () => {
  const odd = (strict: boolean): Tool => ({
    type: 'function',
    function: { name: 'odd', parameters: { type: 'object', if: {} }, ...{ strict } },
  })
  const { job, prompt } = asked(HERMES, { tools: [odd(true)], toolChoice: 'auto' })
  expect(() => lateGrammarFor(job, prompt)).toThrow(expect.objectContaining({ code: 'bad_format' }))
  const lenient = asked(HERMES, { tools: [odd(false)], toolChoice: 'auto' })
  expect(lateGrammarFor(lenient.job, lenient.prompt)?.grammar).toContain('odd')
})

test("a client's grammar is followed as it is, and refused when it is malformed", () => {
  expect(grammar(HERMES, { format: { grammar: 'root ::= "a"' } })).toBe('root ::= "a"')
  for (const text of ['root ::= b', `root ::= "${'a'.repeat(300_000)}"`]) {
    expect(() => grammar(HERMES, { format: { grammar: text } }), text.slice(0, 20)).toThrow(
      expect.objectContaining({ code: 'bad_format', message: expect.stringContaining('the grammar ') }),
    )
  }
})
