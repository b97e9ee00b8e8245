import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { omitsCallContent } from '../../../engine/prompt/call-content.ts'
import { chatPrompt } from '../../../engine/prompt/job-prompt.ts'
import { compileTemplate } from '../../../engine/prompt/template.ts'
import { thoughtKeys } from '../../../engine/prompt/thought-keys.ts'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import type { Message } from '../../../engine/types.ts'
import { chatJob, model, say } from './jobs.ts'

const eachCall = `{% for c in m.tool_calls or [] %}{{ '<tool_call>{"name": "' + c.function.name + '", "arguments": ' + (c.function.arguments | tojson) + '}</tool_call>' }}{% endfor %}`
const turns = (turn: string) =>
  `{% for m in messages %}${turn}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}`

/** An answer beside the calls wherever there is content. */
const BESIDE = turns(
  `${eachCall}{% if m.content is not none %}{{ '<' + m.role + '>' + m.content + '<end>' }}{% endif %}`,
)
/** Calls only where there is no content. */
const INSTEAD = turns(
  `{% if m.content is none %}{{ '<' + m.role + '>' }}${eachCall}<end>{% else %}{{ '<' + m.role + '>' + m.content + '<end>' }}{% endif %}`,
)
const PRINTS_NONE = turns(`{{ '<' + m.role + '>' ~ m.content }}${eachCall}<end>`)
const RAISES = turns(`{{ '<' + m.role + '>' + m.content }}${eachCall}<end>`)
const SAME = turns(`{{ '<' + m.role + '>' }}{% if m.content %}{{ m.content }}{% endif %}${eachCall}<end>`)
const NO_CALLS = turns(
  `{{ '<' + m.role + '>' }}{% if m.content is not none %}{{ m.content }}!{% endif %}<end>`,
)

test.each([
  ['prints an empty answer beside the calls for an empty text', BESIDE, true],
  ['prints calls only where there is no text', INSTEAD, true],
  ['prints None for no text', PRINTS_NONE, false],
  ['raises without a text', RAISES, false],
  ['does not care', SAME, false],
  ['raises without a text and prints ids for names', RAISES.replace('c.function.name', 'c.id'), false],
  ['prints an empty answer and ids for names', BESIDE.replace('c.function.name', 'c.id'), true],
  ['prints no calls', NO_CALLS, false],
])('a template that %s', (_, template, omits) => {
  expect(omitsCallContent(compileTemplate(template))).toBe(omits)
})

const CALL: Message = {
  role: 'assistant',
  content: '',
  toolCalls: [{ id: 'call_1', name: 'f', arguments: { a: 1 } }],
}
const CONVERSATION = [say('user', 'q'), CALL, { ...say('tool', '5'), toolCallId: 'call_1' }]
const promptOf = (chatTemplate: string, messages: Message[]) =>
  chatPrompt(chatJob(model({ chatTemplate }), messages), new Date(0)).text

const shown = '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>'

describe('calls of a conversation', () => {
  test.each([
    [BESIDE, `<user>q<end>${shown}<tool>5<end><a>`],
    [INSTEAD, `<user>q<end><assistant>${shown}<end><tool>5<end><a>`],
    [PRINTS_NONE, `<user>q<end><assistant>${shown}<end><tool>5<end><a>`],
  ])('stand in the prompt without an answer that was never given', (template, prompt) => {
    expect(promptOf(template, CONVERSATION)).toBe(prompt)
  })

  test('keep the text that stands beside them', () => {
    const messages = CONVERSATION.with(1, { ...CALL, content: 'wait' })
    expect(promptOf(BESIDE, messages)).toBe(`<user>q<end>${shown}<assistant>wait<end><tool>5<end><a>`)
  })

  test('an empty answer without calls stays one', () => {
    expect(promptOf(BESIDE, [say('user', 'q'), say('assistant', ''), say('user', 'r')])).toBe(
      '<user>q<end><assistant><end><user>r<end><a>',
    )
  })

  test('are learned from a template that prints them only where there is no text', () => {
    expect(toolCallFormat(INSTEAD)).toMatchObject({ triggers: ['<tool_call>'], close: '</tool_call>' })
  })
})

describe('what a model thought before', () => {
  test.each([
    ['{% if m.reasoning %}{{ m.reasoning }}{% endif %}', ['reasoning_content', 'reasoning']],
    ["{{ m['thinking'] }}", ['reasoning_content', 'thinking']],
    ["{{ m.get('reasoning') or m.get('reasoning_content') }}", ['reasoning_content', 'reasoning']],
    ['{% if enable_thinking %}{{ m.content }}{% endif %}', ['reasoning_content']],
    ['{{ m.thoughts }}', ['reasoning_content', 'thoughts']],
  ])('%j is given it by the names %j', (template, keys) => {
    expect(thoughtKeys(template)).toEqual(keys)
  })

  test.each(['reasoning', 'thinking', 'reasoning_content', 'thought'])(
    'reaches a template that reads it as %s',
    (key) => {
      const template = turns(
        `{{ '<' + m.role + '>' }}{% if m.${key} %}{{ '[' + m.${key} + ']' }}{% endif %}{{ m.content }}`,
      )
      const messages = [say('user', 'q'), { ...say('assistant', 'b'), thinking: 'a' }, say('user', 'r')]
      expect(promptOf(template, messages)).toBe('<user>q<assistant>[a]b<user>r<a>')
    },
  )

  test('is there once for a template that prints messages whole', () => {
    const template = turns('{{ m | tojson }}')
    const prompt = promptOf(template, [
      say('user', 'q'),
      { ...say('assistant', 'b'), thinking: 'hm' },
      say('user', 'r'),
    ])
    expect(prompt.match(/hm/g)).toHaveLength(1)
  })
})

/** Templates that models ship with. They are not part of this repository. */
const FOLDER = new URL('../../../../shared/data/templates/', import.meta.url)
const real = (name: string) => readFileSync(new URL(`${name}.jinja`, FOLDER), 'utf8')

describe.skipIf(!existsSync(FOLDER))('of real templates', () => {
  test('DeepSeek’s distilled R1 prints no empty answer beside calls', () => {
    const prompt = promptOf(real('deepseek-ai-DeepSeek-R1-Distill-Qwen-32B'), CONVERSATION)
    expect(prompt).toContain('<｜tool▁calls▁end｜><｜end▁of▁sentence｜><｜tool▁outputs▁begin｜>')
    expect(prompt).not.toContain('<｜Assistant｜><｜end▁of▁sentence｜>')
  })

  test('Solar gets the thought before its calls, and its new thoughts are told apart', () => {
    const template = real('upstage-Solar-Open-100B')
    const thinks = model({ chatTemplate: template }, { capabilities: ['completion', 'thinking'] })
    const messages = CONVERSATION.with(1, { ...CALL, thinking: 'I had better look.' })
    const { text, thinking } = chatPrompt(chatJob(thinks, messages), new Date(0))
    expect(text).toContain('<|begin|>assistant<|think|>I had better look.<|end|>')
    expect(thinking?.tags).toEqual({
      open: '<|think|>',
      close: '<|end|>',
      answer: { turn: '<|begin|>assistant', open: '<|content|>' },
    })
  })

  test('Granite’s wrapper is known', () => {
    const template = real('ibm-granite-granite-3.3-2B-Instruct')
    const thinks = model({ chatTemplate: template }, { capabilities: ['completion', 'thinking'] })
    const { thinking } = chatPrompt(chatJob(thinks, [say('user', 'q')], { think: true }), new Date(0))
    expect(thinking?.tags).toMatchObject({ wrapper: { open: '<response>', close: '</response>' } })
  })
})
