import { describe, expect, test } from 'vitest'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import { newToolCallId } from '../../../engine/prompt/tool-call-id.ts'
import { toolCallParser } from '../../../engine/prompt/tool-calls.ts'
import { jsonFormat } from '../../../engine/prompt/tool-format/json-format.ts'
import type { ToolCallFormat } from '../../../engine/prompt/tool-format/types.ts'
import type { Tool } from '../../../engine/types.ts'

const tool = (name: string, properties: Record<string, unknown> = {}): Tool => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties } },
})
const TOOLS = [
  tool('get'),
  tool('get_weather', { city: { type: 'string' }, days: { type: 'integer' }, opts: { type: 'object' } }),
  tool('add'),
]
const turns = (call: string) =>
  `{%- for m in messages -%}{{ '<|' + m.role + '|>' + m.content }}{% for c in m.tool_calls or [] %}${call}{% endfor %}{{ '<|end|>' }}{% endfor %}`
const learned = (call: string) => toolCallFormat(turns(call))
const HERMES = jsonFormat({ open: '<tool_call>', close: '</tool_call>' })
const MISTRAL = jsonFormat({ open: '[TOOL_CALLS]', isList: true })
const COHERE = jsonFormat({ open: '<|START_ACTION|>', close: '<|END_ACTION|>', isList: true })
const BARE = jsonFormat({})
const FUNCTIONARY = learned(
  "{{ '<function=' + c.function.name + '>' + c.function.arguments | tojson + '</function>' }}",
)
const DEEPSEEK = learned(
  "{{ ('<｜calls▁begin｜>' if loop.first else '\\n') + '<｜call▁begin｜>function<｜sep｜>' + c.function.name + '\\n```json\\n' + c.function.arguments | tojson + '\\n```<｜call▁end｜>' + ('<｜calls▁end｜>' if loop.last else '') }}",
)
const FUNCTION_TAGS = learned(
  "{{ '\\n<tool_call>\\n<function=' + c.function.name + '>\\n' }}{% for k, v in c.function.arguments.items() %}{{ '<parameter=' + k + '>\\n' + (v if v is string else v | tojson) + '\\n</parameter>\\n' }}{% endfor %}{{ '</function>\\n</tool_call>' }}",
)
const INVOKE = learned(
  "{{ '<m:tool_call>\\n' if loop.first else '' }}{{ '<invoke name=\"' + c.function.name + '\">\\n' }}{% for k, v in c.function.arguments.items() %}{{ '<parameter name=\"' + k + '\">' + (v if v is string else v | tojson) + '</parameter>\\n' }}{% endfor %}{{ '</invoke>\\n' + ('</m:tool_call>' if loop.last else '') }}",
)
const PAIRS = learned(
  "{{ '\\n<tool_call>' + c.function.name + '\\n' }}{% for k, v in c.function.arguments.items() %}{{ '<arg_key>' + k + '</arg_key>\\n<arg_value>' + (v if v is string else v | tojson) + '</arg_value>\\n' }}{% endfor %}{{ '</tool_call>' }}",
)
const PYTHON_TAG = { ...BARE, leadIn: '<|python_tag|>' }
const HARMONY = toolCallFormat(
  "{{ '<|start|>assistant to=functions.' }}{{ '<|channel|>commentary json<|message|>' }}",
)
const RECIPIENTS = toolCallFormat(
  "{% for m in messages %}{{ '<|' + m.role + '|>' }}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ '>>>' + c.function.name + '\\n' + c.function.arguments | tojson }}{% endfor %}{% else %}{{ '>>>all\\n' + m.content }}{% endif %}{{ '<|end|>' }}{% endfor %}",
)
const PARIS = { name: 'get_weather', arguments: { city: 'Paris' } }

function parse(how: ToolCallFormat, chunks: readonly string[]) {
  let ids = 0
  const parser = toolCallParser(how, TOOLS, () => `call_${ids++}`)
  const pieces = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.flush()]
  const calls = pieces.flatMap((piece) => (piece.kind === 'call' ? [piece.call] : []))
  expect(calls.map((call) => call.id)).toEqual(calls.map((_, at) => `call_${at}`))
  return {
    text: pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join(''),
    calls: calls.map(({ name, arguments: args }) => ({ name, arguments: args })),
  }
}

type Case = readonly [name: string, how: ToolCallFormat, answer: string, text: string, calls: object[]]
const CASES: readonly Case[] = [
  [
    'a call behind the tag for code',
    PYTHON_TAG,
    '\n<|python_tag|>{"name":"get_weather","parameters":{"city":"Paris"}}',
    '',
    [PARIS],
  ],
  [
    'code behind the tag for code',
    PYTHON_TAG,
    '<|python_tag|>print({"name": 1})',
    '<|python_tag|>print({"name": 1})',
    [],
  ],
  ['the beginning of the tag for code', PYTHON_TAG, ' <|python', ' <|python', []],
  [
    'a message to a function, as gpt-oss writes it',
    HARMONY,
    '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}<|call|>',
    '',
    [PARIS],
  ],
  [
    'a message to a function, with the recipient first',
    HARMONY,
    'Well.<|start|>assistant to=functions.add<|channel|>commentary json<|message|>{"a":{"get":1}}<|call|>',
    'Well.',
    [{ name: 'add', arguments: { a: { get: 1 } } }],
  ],
  [
    'a message to a function nobody has',
    HARMONY,
    '<|channel|>commentary to=functions.rm <|constrain|>json<|message|>{"add": {}}<|call|>',
    '<|channel|>commentary to=functions.rm <|constrain|>json<|message|>{"add": {}}<|call|>',
    [],
  ],
  ['a name with nothing before it', RECIPIENTS, 'get_weather\n{"city": "Paris"}', '', [PARIS]],
  [
    'two names with nothing before the first',
    RECIPIENTS,
    'get_weather\n{"city": "Paris"}>>>add\n{"a": 1}',
    '',
    [PARIS, { name: 'add', arguments: { a: 1 } }],
  ],
  ['an answer that begins with a name', RECIPIENTS, 'get_weather is a tool', 'get_weather is a tool', []],
  [
    'ollama 89: a call between tags',
    HERMES,
    '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>',
    '',
    [PARIS],
  ],
  [
    'ollama 91: two calls',
    HERMES,
    '<tool_call>\n{"name":"get_weather","arguments":{"city":"Paris"}}\n</tool_call>\n<tool_call>\n{"name":"add","arguments":{"a":1}}\n</tool_call>',
    '',
    [PARIS, { name: 'add', arguments: { a: 1 } }],
  ],
  [
    'text before a call is kept, white space between them is not',
    HERMES,
    'Let me see.\n\n<tool_call>{"name":"add","arguments":{}}</tool_call>',
    'Let me see.',
    [{ name: 'add', arguments: {} }],
  ],
  [
    'text after a call in tags is dropped',
    HERMES,
    '<tool_call>{"name":"add"}</tool_call>\nDone. <tool_call>no</tool_call>',
    '',
    [{ name: 'add', arguments: {} }],
  ],
  [
    'ollama 93: a call to a tool that was not offered is text',
    HERMES,
    'a <tool_call>{"name":"rm","arguments":{"get_weather":{}}}</tool_call> b',
    'a <tool_call>{"name":"rm","arguments":{"get_weather":{}}}</tool_call> b',
    [],
  ],
  [
    'ollama 94: arguments given as a string of JSON',
    HERMES,
    '<tool_call>{"name":"get_weather","arguments":"{\\"city\\":\\"Paris\\"}"}</tool_call>',
    '',
    [PARIS],
  ],
  [
    'arguments that are an empty string',
    HERMES,
    '<tool_call>{"name":"add","arguments":""}</tool_call>',
    '',
    [{ name: 'add', arguments: {} }],
  ],
  [
    'arguments that are no object',
    HERMES,
    '<tool_call>{"name":"add","arguments":[1]}</tool_call>',
    '<tool_call>{"name":"add","arguments":[1]}</tool_call>',
    [],
  ],
  [
    'a call whose arguments hold the closing tag and braces',
    HERMES,
    '<tool_call>{"name":"get_weather","arguments":{"city":"</tool_call>}\\"{"}}</tool_call>',
    '',
    [{ name: 'get_weather', arguments: { city: '</tool_call>}"{' } }],
  ],
  [
    'tags around something else',
    HERMES,
    'x <tool_call>hello {"a":</tool_call> y',
    'x <tool_call>hello {"a":</tool_call> y',
    [],
  ],
  ['tags around nothing', HERMES, '<tool_call></tool_call>ok', '<tool_call></tool_call>ok', []],
  [
    'a call that is cut off',
    HERMES,
    'hm <tool_call>{"name":"get_weather","arguments":{"ci',
    'hm <tool_call>{"name":"get_weather","arguments":{"ci',
    [],
  ],
  ['a tag that never becomes whole', HERMES, 'a <tool_cal', 'a <tool_cal', []],
  ['something like a tag', HERMES, 'a <tool_box> b <', 'a <tool_box> b <', []],
  ['no call, with its white space', HERMES, '\n Hello \n', '\n Hello \n', []],
  [
    'a call without its closing tag',
    HERMES,
    '<tool_call>{"name":"add","arguments":{"a":1}}',
    '',
    [{ name: 'add', arguments: { a: 1 } }],
  ],
  [
    'two calls in one pair of tags',
    HERMES,
    '<tool_call>[{"name":"add","arguments":{"a":1}},\n{"name":"get","arguments":{}}]</tool_call>',
    '',
    [
      { name: 'add', arguments: { a: 1 } },
      { name: 'get', arguments: {} },
    ],
  ],
  [
    'the shape of OpenAI inside the tags',
    HERMES,
    '<tool_call>{"type":"function","function":{"name":"add","arguments":"{\\"a\\":1}"}}</tool_call>',
    '',
    [{ name: 'add', arguments: { a: 1 } }],
  ],
  [
    'calls in a list of calls',
    HERMES,
    '<tool_call>{"tool_calls":[{"name":"add","parameters":{"a":1}}]}</tool_call>',
    '',
    [{ name: 'add', arguments: { a: 1 } }],
  ],
  [
    'an object keyed by the name of the tool',
    HERMES,
    '<tool_call>[{"get_weather": {"city": "Paris"}}]</tool_call>',
    '',
    [PARIS],
  ],
  [
    'a call behind a tag without an end',
    MISTRAL,
    '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}}, {"name": "add", "arguments": {}}]',
    '',
    [PARIS, { name: 'add', arguments: {} }],
  ],
  ['a name before its arguments', MISTRAL, '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}', '', [PARIS]],
  [
    'the longest of names that begin alike',
    MISTRAL,
    '[TOOL_CALLS]get_weather{"city":"Paris"}[TOOL_CALLS]get{"a":1}',
    '',
    [PARIS, { name: 'get', arguments: { a: 1 } }],
  ],
  [
    'arguments that have a name of their own',
    FUNCTIONARY,
    '<function=get_weather>{"name": "Bob"}</function>',
    '',
    [{ name: 'get_weather', arguments: { name: 'Bob' } }],
  ],
  [
    'the marks of DeepSeek',
    DEEPSEEK,
    '<｜calls▁begin｜><｜call▁begin｜>function<｜sep｜>get_weather\n```json\n{"city": "Paris"}\n```<｜call▁end｜>\n<｜call▁begin｜>function<｜sep｜>add\n```json\n{"a": 1}\n```<｜call▁end｜><｜calls▁end｜>',
    '',
    [PARIS, { name: 'add', arguments: { a: 1 } }],
  ],
  [
    'the keys of Cohere',
    COHERE,
    '<|START_ACTION|>[\n  {"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris"}}\n]<|END_ACTION|>',
    '',
    [PARIS],
  ],
  ['ollama 92: a bare call', BARE, '{"name":"get_weather","parameters":{"city":"Paris"}}', '', [PARIS]],
  [
    'ollama 92: a call that does not come first is text',
    BARE,
    'Sure {"name":"get_weather","parameters":{}}',
    'Sure {"name":"get_weather","parameters":{}}',
    [],
  ],
  ['ollama 92: an object that is no call is text', BARE, '{"x":1}', '{"x":1}', []],
  [
    'ollama 92: an object that is cut off is text',
    BARE,
    '{"name":"get_weather"',
    '{"name":"get_weather"',
    [],
  ],
  [
    'two bare calls with a semicolon between',
    BARE,
    '{"name": "get_weather", "parameters": {"city": "Paris"}}; {"name": "add", "parameters": {}}',
    '',
    [PARIS, { name: 'add', arguments: {} }],
  ],
  [
    'bare calls in a list',
    BARE,
    ' [\n{"name":"add","arguments":{}}, {"name":"get","arguments":{}}]\n',
    '',
    [
      { name: 'add', arguments: {} },
      { name: 'get', arguments: {} },
    ],
  ],
  [
    'text after a bare call is kept',
    BARE,
    '{"name":"add","parameters":{}}\n\nDone.',
    'Done.',
    [{ name: 'add', arguments: {} }],
  ],
  ['a list that holds no calls', BARE, '[1, {"a": 2}]', '[1, {"a": 2}]', []],
  ['bare text with white space around it', BARE, '\n\n Hi \n', '\n\n Hi \n', []],
  ['broken JSON between balanced braces', BARE, "{'name': 'add'} ok", "{'name': 'add'} ok", []],
  [
    'function tags with parameters',
    FUNCTION_TAGS,
    'ok\n<tool_call>\n<function=get_weather>\n<parameter=city>\n12 {"\n</parameter>\n<parameter=days>\n3\n</parameter>\n<parameter=opts>\n{"a": [1]}\n</parameter>\n<parameter=new>\nTrue\n</parameter>\n<parameter=odd>\n not JSON \n</parameter>\n</function>\n</tool_call>',
    'ok',
    [
      {
        name: 'get_weather',
        arguments: { city: '12 {"', days: 3, opts: { a: [1] }, new: true, odd: ' not JSON ' },
      },
    ],
  ],
  [
    'function tags without some of their ends',
    FUNCTION_TAGS,
    '<tool_call><function=get_weather><parameter=city>Paris<parameter=days>3</tool_call>',
    '',
    [{ name: 'get_weather', arguments: { city: 'Paris', days: 3 } }],
  ],
  [
    'function tags that are cut off',
    FUNCTION_TAGS,
    '<tool_call><function=get_weather><parameter=city>Par',
    '<tool_call><function=get_weather><parameter=city>Par',
    [],
  ],
  [
    'function tags for another tool',
    FUNCTION_TAGS,
    '<tool_call><function=rm></function></tool_call>',
    '<tool_call><function=rm></function></tool_call>',
    [],
  ],
  [
    'JSON where function tags are the habit',
    FUNCTION_TAGS,
    '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n{"name": "get"}</tool_call>',
    '',
    [
      { name: 'add', arguments: { a: 1 } },
      { name: 'get', arguments: {} },
    ],
  ],
  [
    'invocations',
    INVOKE,
    '<m:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n</invoke>\n<invoke name="add">\n</invoke>\n</m:tool_call>',
    '',
    [PARIS, { name: 'add', arguments: {} }],
  ],
  [
    'pairs of key and value',
    PAIRS,
    '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call><tool_call>add</tool_call>',
    '',
    [
      { name: 'get_weather', arguments: { city: 'Paris', days: 2 } },
      { name: 'add', arguments: {} },
    ],
  ],
]

describe.each(CASES)('%s', (_, how, answer, text, calls) => {
  test('is found in one piece', () => {
    expect(parse(how, [answer])).toEqual({ text, calls })
  })
  test('is found wherever the answer is cut in two', () => {
    for (let at = 0; at <= answer.length; at++) {
      expect(parse(how, [answer.slice(0, at), answer.slice(at)])).toEqual({ text, calls })
    }
  })
  test('is found character by character', () => {
    expect(parse(how, [...answer])).toEqual({ text, calls })
  })
})

test('ollama 89: a call comes as soon as it is whole, and no part of the tag is ever shown', () => {
  const parser = toolCallParser(HERMES, TOOLS, () => 'id')
  expect(parser.push('Hm <tool')).toEqual([{ kind: 'text', text: 'Hm' }])
  expect(parser.push('_call>{"name":"get_')).toEqual([])
  expect(parser.push('weather","arguments":{"city":"Paris"}}')).toEqual([
    { kind: 'call', call: { id: 'id', ...PARIS } },
  ])
  expect(parser.push('</tool_call>')).toEqual([])
  expect(parser.flush()).toEqual([])
})

test('text that cannot be a call is passed on as it grows', () => {
  const parser = toolCallParser(BARE, TOOLS, () => 'id')
  expect(parser.push('\n')).toEqual([])
  expect(parser.push('Hello')).toEqual([{ kind: 'text', text: '\nHello' }])
  expect(parser.push(' you')).toEqual([{ kind: 'text', text: ' you' }])
})

test('a key that is a trap for JavaScript is an argument like others', () => {
  const { calls } = parse(HERMES, ['<tool_call>{"name":"add","arguments":{"__proto__":{"x":1}}}</tool_call>'])
  expect(JSON.stringify(calls)).toBe('[{"name":"add","arguments":{"__proto__":{"x":1}}}]')
})

test.each([
  [
    'an argument of a megabyte',
    HERMES,
    `<tool_call>{"name":"add","arguments":{"a":"${'x{'.repeat(500_000)}"}}</tool_call>`,
  ],
  [
    'a tag begun again and again',
    HERMES,
    `${'<tool_cal'.repeat(50_000)}${'<tool_call>{"name":"add"}</tool_call>'}`,
  ],
  ['blanks without end', HERMES, `${' '.repeat(300_000)}<tool_call>{"name":"add"}</tool_call>`],
  ['many small objects', HERMES, `<tool_call>${'{} '.repeat(50_000)}{"name":"add"}</tool_call>`],
  [
    'parameters without ends',
    FUNCTION_TAGS,
    `<tool_call><function=add>${'<parameter=a>'.repeat(30_000)}</tool_call>`,
  ],
])(
  '%s take time in proportion',
  (_, how, answer) => {
    const started = performance.now()
    expect(parse(how, answer.match(/[\s\S]{1,3}/g) ?? []).calls).toHaveLength(1)
    expect(parse(how, [answer]).calls).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(8_000)
  },
  20_000,
)

test('ids are call_ and eight letters or digits, each a new one', () => {
  const ids = Array.from({ length: 100 }, newToolCallId)
  expect(ids.filter((id) => !/^call_[a-z0-9]{8}$/.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(100)
})
