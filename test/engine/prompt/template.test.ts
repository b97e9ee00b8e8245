import { describe, expect, test } from 'vitest'
import { compileTemplate, type TemplateInput } from '../../../engine/prompt/template.ts'
import type { Message, Tool } from '../../../engine/types.ts'
import { HERMES, LLAMA, MISTRAL, PLAIN, STRICT, SYSTEM_FIRST } from './templates.ts'

const say = (role: string, content: string): Message => ({ role, content })
const WEATHER: Tool = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}

function render(source: string, messages: Message[], input: Partial<TemplateInput> = {}): string {
  return compileTemplate(source).render({
    messages,
    addGenerationPrompt: false,
    now: new Date(2026, 0, 2),
    bosToken: '<s>',
    eosToken: '</s>',
    ...input,
  })
}

describe('a conversation reaches the template', () => {
  test('turn by turn, with the header of an answer when asked', () => {
    const messages = [say('user', 'a'), say('user', 'b')]
    expect(render(PLAIN, messages)).toBe('[user] a\n[user] b\n')
    expect(render(PLAIN, messages, { addGenerationPrompt: true })).toBe('[user] a\n[user] b\n[assistant] ')
  })

  test('with tools, thoughts, calls and results', () => {
    const messages: Message[] = [
      say('user', 'q'),
      {
        role: 'assistant',
        content: '',
        thinking: 'hm',
        toolCalls: [{ id: 'c1', name: 'get_weather', arguments: { city: 'Zürich', '2': 1 } }],
      },
      { role: 'tool', content: 'sun', toolCallId: 'c1' },
      { role: 'tool', content: 'rain', toolName: 'other' },
    ]
    expect(render(HERMES, messages, { tools: [WEATHER] })).toBe(
      'Tools: {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}\n' +
        '<|im_start|>user\nq<|im_end|>\n' +
        '<|im_start|>assistant\n<think>\nhm\n</think>\n\n\n<tool_call>\n{"name": "get_weather", "arguments": {"2": 1, "city": "Zürich"}}\n</tool_call><|im_end|>\n' +
        '<|im_start|>tool\n<tool_response>get_weather: sun</tool_response><|im_end|>\n' +
        '<|im_start|>tool\n<tool_response>other: rain</tool_response><|im_end|>\n',
    )
  })

  test('with flags that are absent unless they were given', () => {
    const flags =
      "{{ enable_thinking is defined }}{{ thinking }}{{ reasoning_effort }}{{ tools }}{{ more }}{{ strftime_now('%d') }}"
    expect(render(flags, [])).toBe('FalseNone02')
    expect(
      render(flags, [], { enableThinking: false, reasoningEffort: 'low', tools: [], extra: { more: 1 } }),
    ).toBe('TrueFalselowNone102')
  })
})

describe('an answer that was begun is continued', () => {
  const begun = [say('user', 'q'), say('assistant', 'The answer is ')]

  test.each([
    [
      'what the template puts behind it is cut off',
      HERMES,
      '<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nThe answer is ',
    ],
    [
      'where the template trims content',
      '{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</{{ m.role }}>{% endfor %}',
      '<user>q</user><assistant>The answer is ',
    ],
  ])('%s', (_, template, expected) => {
    expect(render(template, begun, { continueFinalMessage: true, addGenerationPrompt: true })).toBe(expected)
  })

  test('an empty beginning ends with the header', () => {
    const messages = [say('user', 'q'), say('assistant', '')]
    expect(render(HERMES, messages, { continueFinalMessage: true })).toMatch(/<\|im_start\|>assistant\n$/)
  })

  test('a template that does not print it is reported', () => {
    expect(() => render('{{ messages[0].content }}', begun, { continueFinalMessage: true })).toThrow(
      expect.objectContaining({ code: 'bad_request', message: expect.stringContaining('does not print') }),
    )
  })
})

describe('a template that refuses a conversation gets one it accepts', () => {
  test('openai 42: a system message in the middle joins the one in front', () => {
    const messages = [say('system', 'one'), say('user', 'hi'), say('system', 'two'), say('user', 'you')]
    expect(render(SYSTEM_FIRST, messages)).toBe('[system] one\n\ntwo\n[user] hi\n[user] you\n')
  })

  test('openai 42: where no system message is allowed its text begins the first user turn', () => {
    const messages = [say('system', 'S'), say('user', 'hi'), say('assistant', 'yo'), say('user', 'x')]
    expect(render(STRICT, messages)).toBe('<s>[user] S\n\nhi</s>\n[assistant] yo</s>\n[user] x</s>\n')
  })

  test('ollama 74: consecutive messages of one role are joined where turns must alternate', () => {
    expect(render(STRICT, [say('user', 'a'), say('user', 'b')])).toBe('<s>[user] a\n\nb</s>\n')
  })

  test('a system message without a user turn becomes one', () => {
    expect(render(STRICT, [say('system', 'S'), say('assistant', 'a')])).toBe(
      '<s>[user] S</s>\n[assistant] a</s>\n',
    )
  })

  test('several calls in a turn become a turn each, with their results behind them', () => {
    const messages: Message[] = [
      say('user', 'q'),
      {
        role: 'assistant',
        content: 'ok',
        toolCalls: [
          { id: '1', name: 'f', arguments: {} },
          { id: '2', name: 'g', arguments: { x: 1 } },
        ],
      },
      { role: 'tool', content: 'G', toolCallId: '2' },
      { role: 'tool', content: 'F', toolCallId: '1' },
      say('user', 'r'),
    ]
    expect(render(LLAMA, messages)).toBe(
      '<user>q<assistant>{"name": "f", "parameters": {}}<ipython>F' +
        '<assistant>{"name": "g", "parameters": {"x": 1}}<ipython>G<user>r',
    )
  })

  test('ids of calls are shortened alike in call and result', () => {
    const messages: Message[] = [
      { role: 'assistant', content: '', toolCalls: [{ id: 'call_abc', name: 'f', arguments: {} }] },
      { role: 'tool', content: 'F', toolCallId: 'call_abc' },
      { role: 'assistant', content: '', toolCalls: [{ name: 'g', arguments: {} }] },
    ]
    expect(render(MISTRAL, messages)).toBe(
      '[TOOL_CALLS][{"name": "f", "arguments": {}, "id": "000000001"}][RESULT 000000001]F' +
        '[TOOL_CALLS][{"name": "g", "arguments": {}, "id": "000000002"}]',
    )
  })

  test('arguments are given as text where a template joins them to text', () => {
    const template =
      "{% for m in messages %}{% for c in m.tool_calls %}{{ '(' + c.function.arguments + ')' }}{% endfor %}{% endfor %}"
    const messages: Message[] = [
      { role: 'assistant', content: '', toolCalls: [{ name: 'f', arguments: { a: [1] } }] },
    ]
    expect(render(template, messages)).toBe('({"a":[1]})')
  })

  test('no tools are an empty list where a template loops over them', () => {
    expect(render('{% for t in tools %}x{% endfor %}none', [])).toBe('none')
  })

  test('a thought beside a call is left out where a template refuses it', () => {
    const template =
      "{% for m in messages %}{% if m.thinking and m.tool_calls %}{{ raise_exception('not both') }}{% endif %}{{ m.tool_calls[0].function.name }}{% endfor %}"
    const messages: Message[] = [
      { role: 'assistant', content: '', thinking: 'hm', toolCalls: [{ name: 'f', arguments: {} }] },
    ]
    expect(render(template, messages)).toBe('f')
  })

  test('calls and results become text where a template knows no tools', () => {
    const messages: Message[] = [
      say('system', 'S'),
      say('user', 'q'),
      { role: 'assistant', content: '', toolCalls: [{ name: 'f', arguments: { a: 1 } }] },
      { role: 'tool', content: '7' },
      say('user', 'and?'),
    ]
    expect(render(STRICT, messages)).toBe(
      '<s>[user] S\n\nq</s>\n[assistant] {"name":"f","arguments":{"a":1}}</s>\n[user] 7\n\nand?</s>\n',
    )
  })

  test('a beginning to continue stays the end', () => {
    const messages = [say('system', 'S'), say('user', 'q'), say('assistant', 'a'), say('assistant', 'b')]
    expect(render(STRICT, messages, { continueFinalMessage: true })).toBe(
      '<s>[user] S\n\nq</s>\n[assistant] a\n\nb',
    )
  })
})

describe('what cannot be rendered is reported', () => {
  test.each([
    ["the template's own words", "{{ raise_exception('only on Sundays') }}", 'only on Sundays'],
    [
      'what went wrong in it',
      '{{ functions.x }}',
      "the model's chat template failed: 'functions' is undefined",
    ],
    [
      'what it first complained of',
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% else %}{{ raise_exception('no user') }}{% endif %}",
      'no system',
    ],
    [
      'that it runs away',
      '{% for i in range(99999) %}{% for j in range(99999) %}{{ j }}{% endfor %}{% endfor %}',
      "the model's chat template failed: too many steps",
    ],
    ['that it cannot be read', '{% if %}', "the model's chat template cannot be read: "],
    [
      'that it is too long',
      ' x'.repeat(600_000),
      "the model's chat template is longer than 1048576 characters",
    ],
  ])(
    '%s',
    (_, template, message) => {
      expect(() => render(template, [say('system', 's'), say('user', 'u')])).toThrow(
        expect.objectContaining({ code: 'bad_request', message: expect.stringContaining(message) }),
      )
    },
    20_000,
  )
})

test('templates used lately are parsed once, older ones are forgotten', () => {
  const first = compileTemplate('{{ 1 }}')
  expect(compileTemplate('{{ 1 }}')).toBe(first)
  for (let i = 0; i < 31; i++) compileTemplate(`{{ ${i} + 100 }}`)
  expect(compileTemplate('{{ 1 }}')).toBe(first)
  for (let i = 0; i < 32; i++) compileTemplate(`{{ ${i} + 200 }}`)
  expect(compileTemplate('{{ 1 }}')).not.toBe(first)
})
