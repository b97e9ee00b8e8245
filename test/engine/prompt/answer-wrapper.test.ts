import { expect, test } from 'vitest'
import { parserFor } from '../../../engine/prepare.ts'
import { unwrapped, wrapperOf } from '../../../engine/prompt/answer-wrapper.ts'
import { chatPrompt } from '../../../engine/prompt/job-prompt.ts'
import { cuttings } from './call-round-trip.ts'
import { chatJob, model, say } from './jobs.ts'

const RESPONSE = { open: '<response>', close: '</response>' }

test.each([
  ['write your response between <response></response>', RESPONSE],
  ["content.split('<answer>')[-1].split('</answer>')[0]", { open: '<answer>', close: '</answer>' }],
  ['<tool_response>{{ m.content }}</tool_response>', undefined],
  ['<response> without an end', undefined],
])('the wrapper that %j speaks of', (template, wrapper) => {
  expect(wrapperOf(template)).toEqual(wrapper)
})

test.each([
  ['<response>Hi</response>', 'Hi'],
  [' <response>\n\nHi there\n</response>\n ', 'Hi there'],
  ['<response>a </response> b', 'a </response> b'],
  ['<response>a</response></response>', 'a</response>'],
  ['<response>not closed </resp', 'not closed </resp'],
  ['<response>ends in space \n', 'ends in space \n'],
  ['<response></response>', ''],
  ['<responses>Hi</response>', '<responses>Hi</response>'],
  ['  Hi <response>you</response>', '  Hi <response>you</response>'],
  ['<respo', '<respo'],
  ['', ''],
])('of %j the answer is %j, however it is cut', (text, answer) => {
  for (const chunks of cuttings(text)) {
    const parser = unwrapped(RESPONSE)
    const pieces = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.flush()]
    expect(pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('')).toBe(answer)
  }
})

test('an answer is passed on as it grows', () => {
  const parser = unwrapped(RESPONSE)
  expect(parser.push('<response>one two')).toEqual([{ kind: 'text', text: 'one two' }])
  expect(parser.push(' three <')).toEqual([{ kind: 'text', text: ' three' }])
  expect(parser.push('b>')).toEqual([{ kind: 'text', text: ' <b>' }])
})

/** Tells the model how to write when it is to think, as Granite's does. */
const GRANITE = `{%- if thinking %}{{ 'Thoughts go between <think></think>, the response between <response></response>.' }}{% endif -%}
{%- for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor -%}`

function partsOf(think: boolean, text: string) {
  const job = chatJob(
    model({ chatTemplate: GRANITE }, { capabilities: ['completion', 'thinking'] }),
    [say('user', 'q')],
    { think },
  )
  const prompt = chatPrompt(job, new Date(0))
  const all: string[] = []
  for (const chunks of cuttings(text)) {
    const parser = parserFor(job, prompt)
    const pieces = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.flush()]
    const joined = (kind: string) =>
      pieces.map((piece) => (piece.kind === kind && 'text' in piece ? piece.text : '')).join('')
    all.push(JSON.stringify([joined('thinking'), joined('text')]))
  }
  return [...new Set(all)].map((each) => JSON.parse(each))
}

test('a model that was told to wrap its answer shows the answer alone', () => {
  expect(partsOf(true, '<think>\nhm </thought></think>\n\n<response>\nYes <b>!</b>\n</response>\n')).toEqual([
    ['hm </thought>', 'Yes <b>!</b>'],
  ])
})

test('one that was told so and did not do it is understood, too', () => {
  expect(partsOf(true, '<think>hm</think>Yes')).toEqual([['hm', 'Yes']])
})

test('a model that is not to think was not told, and what it writes is the answer', () => {
  expect(partsOf(false, '<response>Yes</response>')).toEqual([['', '<response>Yes</response>']])
})
