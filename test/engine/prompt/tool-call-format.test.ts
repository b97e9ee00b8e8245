import { expect, test } from 'vitest'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import { tagsOf } from '../../../engine/prompt/tool-format/trigger.ts'
import { HERMES, LLAMA, MISTRAL, PLAIN, STRICT } from './templates.ts'

const turns = (call: string) =>
  `{%- for m in messages -%}{{ '<|' + m.role + '|>' + m.content }}{% for c in m.tool_calls or [] %}${call}{% endfor %}{% endfor %}`

const JSON_OBJECT = {
  object: { nameKey: 'name', argumentsKey: 'arguments' },
  arguments: { type: 'json', isText: false },
}

test.each([
  [
    'Hermes tags',
    HERMES,
    { triggers: ['<tool_call>'], close: '</tool_call>', isParallel: true, ...JSON_OBJECT },
  ],
  [
    "a list behind Mistral's tag, with ids of nine characters",
    MISTRAL,
    {
      triggers: ['[TOOL_CALLS]'],
      close: undefined,
      section: { open: ['[TOOL_CALLS]['], close: [']'] },
      separator: ', ',
      call: {
        open: ['{"name": "'],
        between: ['", "arguments": '],
        close: [', "id": "', { slot: 'id', length: 9 }, '"}'],
      },
      ...JSON_OBJECT,
    },
  ],
  [
    "Llama's bare JSON, one call a turn",
    LLAMA,
    {
      triggers: [],
      close: undefined,
      isParallel: false,
      object: { nameKey: 'name', argumentsKey: 'parameters' },
    },
  ],
  ['no calls where a template prints none', PLAIN, { triggers: [], ...JSON_OBJECT }],
  ['no calls where a template refuses them', STRICT, { triggers: [], ...JSON_OBJECT }],
  ['nothing where a template cannot be read', '{% if %}', { triggers: [], ...JSON_OBJECT }],
  [
    'tags that a template only speaks of',
    `{{ 'Respond only with <|tool_call|> followed by a JSON list of tools used.' }}${PLAIN}`,
    { triggers: ['<|tool_call|>'], section: { open: ['<|tool_call|>['], close: [']'] } },
  ],
  [
    'the calls of a family whose template shows its list of tools only',
    `{{ '<|tool_list_start|>' }}${PLAIN}`,
    { triggers: ['<|tool_call_start|>'], arguments: { type: 'inline' } },
  ],
  [
    'tags nobody has heard of',
    turns(
      `{{ '<action>{"do": "' + c.function.name + '", "with": ' + (c.function.arguments | tojson) + '}</action>' }}`,
    ),
    { triggers: ['<action>'], close: '</action>', object: { nameKey: 'do', argumentsKey: 'with' } },
  ],
  [
    'tags that begin like the header of an answer',
    turns(`{{ '<|calls|>' + c.function.name + ' ' + (c.function.arguments | tojson) }}`),
    { triggers: ['<|calls|>'], close: undefined, object: undefined },
  ],
  [
    'arguments before the name',
    turns(
      `{{ '<f>{"arguments": ' + (c.function.arguments | tojson) + ', "name": "' + c.function.name + '"}</f>' }}`,
    ),
    {
      triggers: ['<f>'],
      close: '</f>',
      call: { open: ['<f>{"name": "'], between: ['", "arguments": '] },
      ...JSON_OBJECT,
    },
  ],
  [
    'ids that take the place of names',
    turns(`{{ '<|call|>' + c.id + '<|args|>' + (c.function.arguments | tojson) + '<|end|>' }}`),
    {
      triggers: ['<|call|>'],
      call: { open: ['<|call|>functions.'], between: [':', { slot: 'index' }, '<|args|>'] },
    },
  ],
])('%s are learned from the template', (_, template, expected) => {
  expect(toolCallFormat(template)).toMatchObject(expected)
})

test('every mark that may be a control token is known', () => {
  const format = toolCallFormat(
    turns(
      `{{ '<|calls|><|name|>' + c.function.name + '<|args|>' + (c.function.arguments | tojson) + '<|over|>' }}`,
    ),
  )
  expect(tagsOf(format).toSorted()).toEqual(['<|args|>', '<|calls|>', '<|name|>', '<|over|>'])
})

test.each([
  [
    'loops long',
    `{% for i in range(100000) %}{% for j in range(100000) %}{{ i }}{% endfor %}{% endfor %}${HERMES}`,
  ],
  [
    'loops long before it refuses',
    `{% for i in range(9000) %}{% set x = i %}{% endfor %}{% if messages[-1].tool_calls %}{{ raise_exception('no') }}{% endif %}${HERMES}`,
  ],
  [
    'prints calls of a megabyte',
    turns(`{{ '<{[' * 300000 }}{{ c.function.name }}{{ c.function.arguments | tojson }}`),
  ],
  [
    'prints names a thousand times',
    turns(`{% for i in range(1000) %}{{ '{"' + c.function.name }}{% endfor %}`),
  ],
  ['nests brackets', turns(`{{ '{' * 3000 }}{{ c.function.name }}{{ c.function.arguments | tojson }}`)],
])('a template that %s takes no more than a moment', (_, template) => {
  const started = process.cpuUsage()
  toolCallFormat(template)
  expect(process.cpuUsage(started).user / 1000).toBeLessThan(5_000)
})
