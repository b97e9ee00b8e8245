import { expect, test } from 'vitest'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import { HERMES, LLAMA, MISTRAL, PLAIN, STRICT } from './templates.ts'

const arguments_ = (inner: string) =>
  `{%- for m in messages -%}{{ '<|' + m.role + '|>' + m.content }}{% for c in m.tool_calls or [] %}${inner}{% endfor %}{% endfor %}`

test.each([
  [
    'Hermes tags',
    HERMES,
    { open: '<tool_call>', close: '</tool_call>', argumentsKey: 'arguments', isList: false },
  ],
  [
    "a list behind Mistral's tag",
    MISTRAL,
    { open: '[TOOL_CALLS]', close: undefined, argumentsKey: 'arguments', isList: true },
  ],
  ["Llama's bare JSON", LLAMA, { triggers: [], close: undefined, argumentsKey: 'parameters', isList: false }],
  [
    'a template that prints no calls',
    PLAIN,
    { triggers: [], close: undefined, argumentsKey: 'arguments', isList: false },
  ],
  [
    'a template that refuses them',
    STRICT,
    { triggers: [], close: undefined, argumentsKey: 'arguments', isList: false },
  ],
  ['a template that cannot be read', '{% if %}', { triggers: [], close: undefined }],
  [
    'tags nobody has heard of',
    arguments_(
      `{{ '<action>{"name": "' + c.function.name + '", "parameters": ' + (c.function.arguments | tojson) + '}</action>' }}`,
    ),
    { open: '<action>', close: '</action>', argumentsKey: 'parameters', isList: false },
  ],
  [
    'tags that begin like the header of an answer',
    arguments_(`{{ '<|calls|>' + c.function.name + ' ' + (c.function.arguments | tojson) }}`),
    { open: '<|calls|>', close: undefined, isList: false },
  ],
  [
    'a list with nothing before it',
    arguments_(
      `{{ '[{"name": "' + c.function.name + '", "arguments": ' + (c.function.arguments | tojson) + '}]' }}`,
    ),
    { triggers: [], close: undefined, isList: true },
  ],
  ['pairs of key and value', "{{ '<tool_call>' }}<arg_key>", { open: '<tool_call>', markup: 'arg-pairs' }],
  [
    'function tags',
    "{{ '<tool_call>\\n<function=' + x + '>\\n<parameter=' }}",
    { open: '<tool_call>', close: '</tool_call>', markup: 'function-tags' },
  ],
  [
    'invocations',
    "{{ '<minimax:tool_call>' }}<invoke name=",
    { open: '<minimax:tool_call>', markup: 'invoke' },
  ],
])('%s are read off the template', (_, template, expected) => {
  expect(toolCallFormat(template)).toMatchObject(expected)
})
