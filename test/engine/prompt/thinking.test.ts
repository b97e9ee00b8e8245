import { describe, expect, test } from 'vitest'
import { endsInThought, leavesThoughtOpen, thinkingSplitter } from '../../../engine/prompt/thinking.ts'
import { type ThinkingTags, thinkingTags } from '../../../engine/prompt/thinking-tags.ts'

const THINK: ThinkingTags = { open: '<think>', close: '</think>' }

/** What comes out, joined by kind; text that follows a thought must not be followed by thought again. */
function split(chunks: readonly string[], startsInside = false, tags = THINK) {
  const splitter = thinkingSplitter(tags, startsInside)
  const pieces = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.flush()]
  const kinds = pieces.map((piece) => piece.kind).join(' ')
  expect(kinds).toMatch(/^(thinking ?)*(text ?)*$/)
  expect(pieces.every((piece) => piece.text !== '')).toBe(true)
  const joined = (kind: string) =>
    pieces
      .filter((p) => p.kind === kind)
      .map((p) => p.text)
      .join('')
  return { thinking: joined('thinking'), text: joined('text') }
}

const CASES: readonly [name: string, input: string, startsInside: boolean, thinking: string, text: string][] =
  [
    ['ollama 83: a thought in tags', '<think>\nhm</think>\n\nYes', false, 'hm', 'Yes'],
    ['ollama 84: a thought the prompt has opened', ' a </think> b', true, 'a ', 'b'],
    ['ollama 84: a thought that is closed at once', '</think> b', true, '', 'b'],
    ['ollama 86: an answer behind a closing tag', '<think>a</think>X', false, 'a', 'X'],
    ['white space before the tag', ' \n<think>a</think>b', false, 'a', 'b'],
    [
      'no tag at all, with its white space',
      '\n Yes <think>no</think>',
      false,
      '',
      '\n Yes <think>no</think>',
    ],
    ['the beginning of a tag and no more', '  <thi', false, '', '  <thi'],
    ['something like a tag', '<thinker>a</thinker>', false, '', '<thinker>a</thinker>'],
    ['a thought that never ends', '<think>a </thin', false, 'a </thin', ''],
    ['an open thought that never ends', ' a <', true, 'a <', ''],
    ['a tag the model repeats although the prompt has opened it', '\n<think>\na</think>b', true, 'a', 'b'],
    [
      'closing tags that only begin like one',
      '<think>a</</thi</think></think>b',
      false,
      'a</</thi',
      '</think>b',
    ],
    ['an empty thought', '<think>\n\n</think>\n\nb', false, '', 'b'],
    ['only white space', ' \n ', false, '', ' \n '],
    ['only white space in an open thought', ' \n ', true, '', ''],
    ['tags in the answer', '<think>a</think>b <think>c</think>', false, 'a', 'b <think>c</think>'],
    ['nothing', '', false, '', ''],
  ]

describe.each(CASES)('%s', (_, input, startsInside, thinking, text) => {
  test('is told apart in one piece', () => {
    expect(split([input], startsInside)).toEqual({ thinking, text })
  })
  test('is told apart wherever the text is cut in two', () => {
    for (let at = 0; at <= input.length; at++) {
      expect(split([input.slice(0, at), input.slice(at)], startsInside)).toEqual({ thinking, text })
    }
  })
  test('is told apart character by character', () => {
    expect(split([...input], startsInside)).toEqual({ thinking, text })
  })
})

test('ollama 86: no part of a closing tag shows while it is not whole', () => {
  const splitter = thinkingSplitter(THINK)
  expect(splitter.push('<think>a</th')).toEqual([{ kind: 'thinking', text: 'a' }])
  expect(splitter.push('ink>X')).toEqual([{ kind: 'text', text: 'X' }])
})

test('a thought is passed on as it grows', () => {
  const splitter = thinkingSplitter(THINK)
  expect(splitter.push('<think>')).toEqual([])
  expect(splitter.push('one ')).toEqual([{ kind: 'thinking', text: 'one ' }])
  expect(splitter.push('two')).toEqual([{ kind: 'thinking', text: 'two' }])
})

test('a long stream of white space and tags takes no more time a character than a short one', () => {
  const noise = `${' '.repeat(200_000)}<think>${'</thin'.repeat(50_000)}</think>${'<'.repeat(100_000)}`
  const started = performance.now()
  expect(split([...noise]).thinking).toBe('</thin'.repeat(50_000))
  expect(performance.now() - started).toBeLessThan(5_000)
})

/** Thought and answer each in a channel of their own. */
const CHANNELS = `{% for m in messages %}{% set start = '<|start|>' + m.role %}
{%- if m.thinking %}{{ start + '<|channel|>analysis<|message|>' + m.thinking + '<|end|>' }}{% endif %}
{{- start + ('<|channel|>final' if m.role == 'assistant' else '') + '<|message|>' + m.content + '<|end|>' }}
{%- endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}`
const CHANNEL_TAGS: ThinkingTags = {
  open: '<|channel|>analysis<|message|>',
  close: '<|end|>',
  answer: { turn: '<|start|>assistant', open: '<|channel|>final<|message|>' },
}

describe.each([
  ['<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes', 'hm', 'Yes'],
  ['<|channel|>final<|message|>Yes', '', 'Yes'],
  ['<|channel|>final<|message|>', '', ''],
  ['<|channel|>analysis<|message|>hm<|end|>', 'hm', ''],
  ['<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>other', 'hm', '<|channel|>other'],
  ['<|channel|>analysis<|message|>hm<|end|>Yes <|start|>assistant', 'hm', 'Yes <|start|>assistant'],
  ['Yes', '', 'Yes'],
])('an answer in channels: %s', (input, thinking, text) => {
  test('shows no marks, wherever it is cut in two', () => {
    for (let at = 0; at <= input.length; at++) {
      expect(split([input.slice(0, at), input.slice(at)], false, CHANNEL_TAGS)).toEqual({ thinking, text })
    }
  })
  test('shows no marks character by character', () => {
    expect(split([...input], false, CHANNEL_TAGS)).toEqual({ thinking, text })
  })
})

describe('the tags are read off the template', () => {
  test.each([
    ["{{ '<think>' }}{{ m.content.split('</think>')[-1] }}", '<think>', '</think>'],
    ["{{ m.content.split('</think>')[-1] }}", '<think>', '</think>'],
    ["{{ '<thinking>' + x + '</thinking>' }}", '<thinking>', '</thinking>'],
    ["{{ '<thought>' + x + '</thought>' }}", '<thought>', '</thought>'],
    ["{% set a = '<seed:think>' %}{% set b = '</seed:think>' %}", '<seed:think>', '</seed:think>'],
    ["{{ '[THINK]' + x + '[/THINK]' }}", '[THINK]', '[/THINK]'],
    ["{{ '<|START_THINKING|>' + x + '<|END_THINKING|>' }}", '<|START_THINKING|>', '<|END_THINKING|>'],
  ])('%s', (template, open, close) => {
    expect(thinkingTags(template)).toEqual({ open, close })
  })

  test('by rendering a thought where their names tell nothing', () => {
    const template = `{% for m in messages %}{{ '<' + m.role + '>' }}
{%- if m.thinking %}{{ '<|musing|>\\n' + m.thinking + '<|mused|>' }}{% endif %}{{ m.content }}{% endfor %}
{%- if add_generation_prompt %}{{ '<assistant>' }}{% endif %}`
    expect(thinkingTags(template)).toEqual({ open: '<|musing|>', close: '<|mused|>' })
  })

  test('with what stands before every answer, where thought and answer are turns or channels', () => {
    expect(thinkingTags(CHANNELS)).toEqual(CHANNEL_TAGS)
  })

  test('a template without tags has none', () => {
    expect(thinkingTags('{{ messages[0].content }} thinks [THINK]')).toBeUndefined()
  })
})

test.each([
  ['<a><think>\n', true],
  ['<a><think>', true],
  ['<a><think>\n\n</think>\n', false],
  ['<think> hm', false],
])('a prompt that ends %j leaves the model inside a thought: %s', (prompt, expected) => {
  expect(endsInThought(prompt, THINK)).toBe(expected)
})

test.each([
  ['<think>hm', true],
  ['<think>hm</think>so', false],
  ['so', false],
])('an answer begun with %j goes on in a thought: %s', (text, expected) => {
  expect(leavesThoughtOpen(text, THINK)).toBe(expected)
})
