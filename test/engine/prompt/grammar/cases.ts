import { formatGrammar } from '../../../../engine/prompt/format.ts'
import { toolCallGrammar, withThinking } from '../../../../engine/prompt/grammar.ts'
import { jsonFormat } from '../../../../engine/prompt/tool-format/json-format.ts'
import type { Tool } from '../../../../engine/types.ts'

/** A grammar with texts that follow it and texts that do not. */
export interface GrammarCase {
  name: string
  grammar: string
  valid: readonly string[]
  invalid: readonly string[]
}

interface SchemaCase {
  name: string
  schema: Record<string, unknown>
  valid: readonly string[]
  invalid: readonly string[]
}

const object = (properties: Record<string, unknown>, required: string[] = [], more: object = {}) => ({
  type: 'object',
  properties,
  required,
  ...more,
})

const SCHEMAS: readonly SchemaCase[] = [
  {
    name: 'an object with required and optional properties, in order, others left out',
    schema: object({ a: { type: 'integer' }, b: { type: 'string' }, c: { type: 'boolean' } }, ['b']),
    valid: [
      '{"a":1,"b":"x","c":true}',
      '{"b":"x"}',
      '{"a":1, "b":"x"}',
      '{"b":"","c":false}',
      '{\n  "b": "x"\n}',
    ],
    invalid: [
      '{}',
      '{"a":1}',
      '{"b":"x","a":1}',
      '{"b":"x","d":1}',
      '{"b":"x",}',
      '{"a":1"b":"x"}',
      '{,"b":"x"}',
    ],
  },
  {
    name: 'an object without required properties',
    schema: object({ a: { type: 'null' }, b: { type: 'null' }, c: { type: 'null' } }),
    valid: ['{}', '{"a":null}', '{"c":null}', '{"a":null,"c":null}', '{"a":null,"b":null,"c":null}'],
    invalid: ['{"c":null,"a":null}', '{"a":null,}', '{,"c":null}'],
  },
  {
    name: 'an object with other properties of a type',
    schema: object({ ab: { type: 'integer' } }, ['ab'], { additionalProperties: { type: 'boolean' } }),
    valid: [
      '{"ab":1}',
      '{"ab":1,"x":true}',
      '{"ab":1,"a":true,"abc":false}',
      '{"ab":1,"":true}',
      '{"ab":1,"é":true}',
    ],
    invalid: [
      '{"ab":1,"x":2}',
      '{"ab":true}',
      '{"ab":1,"ab":true}',
      '{"ab":1,"\\u0061b":true}',
      '{"x":true}',
    ],
  },
  {
    name: 'an object with nothing but other properties',
    schema: { type: 'object', additionalProperties: { type: 'integer' } },
    valid: ['{}', '{"a":1}', '{"a":1,"b":2,"c":3}'],
    invalid: ['{"a":"1"}', '{"a":1,}', '{1:1}'],
  },
  {
    name: 'a map of at most two entries',
    schema: { type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 2 },
    valid: ['{}', '{"a":1}', '{"a":1,"b":2}'],
    invalid: ['{"a":1,"b":2,"c":3}'],
  },
  {
    name: 'a closed object without properties',
    schema: { type: 'object', additionalProperties: false },
    valid: ['{}', '{ }'],
    invalid: ['{"a":1}'],
  },
  {
    name: 'an object that requires what it does not list',
    schema: { type: 'object', required: ['x'] },
    valid: ['{"x":1}', '{"x":[]}', '{"x":{},"y":2}'],
    invalid: ['{}', '{"y":1}'],
  },
  {
    name: 'an object with a forbidden property',
    schema: object({ a: { type: 'integer' }, b: false }),
    valid: ['{}', '{"a":1}'],
    invalid: ['{"b":1}'],
  },
  {
    name: 'keys that need escapes, and one that is a trap for JavaScript',
    schema: object(
      { 'a"b': { type: 'integer' }, '\n': { type: 'integer' }, constructor: { type: 'integer' } },
      ['a"b', '\n', 'constructor'],
    ),
    valid: ['{"a\\"b":1,"\\n":2,"constructor":3}'],
    invalid: ['{"a"b":1,"\\n":2,"constructor":3}'],
  },
  {
    name: 'a property named __proto__',
    schema: JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"integer"}},"required":["__proto__"]}',
    ),
    valid: ['{"__proto__":1}'],
    invalid: ['{}', '{"__proto__":"1"}'],
  },
  {
    name: 'any value for an empty schema',
    schema: {},
    valid: ['1', '"a"', 'null', '[]', '{"a":[{}]}', '-0.5e3', 'true'],
    invalid: ['', 'a', '01', '1.', '[1,]', 'nul', '"\\x"', '"\\ud800"', '+1'],
  },
  {
    name: 'strings with all JSON escapes and no half surrogates',
    schema: { type: 'string' },
    valid: ['""', '"é😀"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u0041\\uD7FF\\ue000"'],
    invalid: ['"a', 'a', '"\\a"', '"\\u12"', '"\\uD800"', '"\\uDFFF"', '"\t"', '"\\'],
  },
  {
    name: 'a string of bounded length',
    schema: { type: 'string', minLength: 2, maxLength: 4 },
    valid: ['"ab"', '"abcd"', '"\\n\\n"', '"😀é"'],
    invalid: ['""', '"a"', '"abcde"'],
  },
  {
    name: 'a string of a length beyond one repetition',
    schema: { type: 'string', minLength: 1_600, maxLength: 3_200 },
    valid: [`"${'a'.repeat(1_600)}"`, `"${'a'.repeat(2_500)}"`, `"${'a'.repeat(3_200)}"`],
    invalid: [`"${'a'.repeat(1_599)}"`, `"${'a'.repeat(3_201)}"`],
  },
  {
    name: 'strings of an exact multiple of one repetition',
    schema: { type: 'string', maxLength: 3_000 },
    valid: ['""', `"${'a'.repeat(1_499)}"`, `"${'a'.repeat(1_500)}"`, `"${'a'.repeat(3_000)}"`],
    invalid: [`"${'a'.repeat(3_001)}"`],
  },
  {
    name: 'an anchored pattern with classes, groups and repetition',
    schema: { type: 'string', pattern: '^(?:[a-c]{2,3}|\\d+)-x?$' },
    valid: ['"ab-"', '"abc-x"', '"123-"'],
    invalid: ['"a-"', '"abca-"', '"-"', '"ab-y"', '"zab-"', '"ab-xx"'],
  },
  {
    name: 'a pattern that may match anywhere',
    schema: { type: 'string', pattern: 'b.d|^x' },
    valid: ['"bcd"', '"aabcdee"', '"x"', '"xyz"', '"b\\"d"'],
    invalid: ['""', '"bd"', '"ax"', '"b\\nd"'],
  },
  {
    name: 'a pattern over characters that JSON escapes',
    schema: { type: 'string', pattern: '^["\\\\\\n]\\s[^"]$' },
    valid: ['"\\"\\nx"', '"\\\\ \\\\"', '"\\n\\t😀"'],
    invalid: ['"" x"', '"\\" \\""', '"a x"'],
  },
  {
    name: 'a pattern with alternatives anchored each in its own way',
    schema: { type: 'string', pattern: '^a$|^b|c$' },
    valid: ['"a"', '"bx"', '"xc"'],
    invalid: ['"ax"', '"xb"', '"cx"'],
  },
  {
    name: 'a pattern with a bound on its length',
    schema: { type: 'string', pattern: '^[a-z]+$', maxLength: 3 },
    valid: ['"a"', '"abc"'],
    invalid: ['""', '"abcd"', '"A"'],
  },
  {
    name: 'a pattern of many numbers and escapes',
    schema: { type: 'string', pattern: '^\\x41\\u0042\\w\\W\\D\\S\\.\\/\\-[\\]\\\\^-]{2}[^\\W\\d]$' },
    valid: ['"AB_!xy./-]\\\\_"', '"ABz é^./-^-a"'],
    invalid: ['"AB_!xy./-]\\\\5"', '"ABaax"'],
  },
  {
    name: 'dates',
    schema: { type: 'string', format: 'date' },
    valid: ['"2026-02-28"', '"2024-12-31"'],
    invalid: ['"2026-02-30"', '"2026-13-01"', '"2026-04-31"', '"26-01-01"'],
  },
  {
    name: 'times',
    schema: { type: 'string', format: 'time' },
    valid: ['"23:59:59Z"', '"00:00:00.125+02:00"'],
    invalid: ['"24:00:00Z"', '"12:00:00"', '"1:00:00Z"'],
  },
  {
    name: 'dates with times',
    schema: { type: 'string', format: 'date-time' },
    valid: ['"2026-01-02T03:04:05Z"', '"2026-01-02T03:04:05.5-11:30"'],
    invalid: ['"2026-01-02 03:04:05Z"', '"2026-01-02"'],
  },
  {
    name: 'UUIDs',
    schema: { type: 'string', format: 'uuid' },
    valid: ['"123e4567-e89b-12d3-a456-426614174000"'],
    invalid: ['"123e4567e89b12d3a456426614174000"', '"x23e4567-e89b-12d3-a456-426614174000"'],
  },
  {
    name: 'durations',
    schema: { type: 'string', format: 'duration' },
    valid: ['"P1Y2M3DT4H5M6S"', '"PT5M"', '"P2W"', '"P3D"'],
    invalid: ['"P"', '"PT"', '"1D"', '"P1Y2D"'],
  },
  {
    name: 'email addresses',
    schema: { type: 'string', format: 'email' },
    valid: ['"a.b+c@ex-ample.co.uk"'],
    invalid: ['"a@b"', '".a@b.co"', '"a..b@c.de"', '"a b@c.de"'],
  },
  {
    name: 'host names and IPv4 addresses',
    schema: {
      type: 'object',
      properties: { h: { type: 'string', format: 'hostname' }, i: { type: 'string', format: 'ipv4' } },
    },
    valid: ['{"h":"a-b.example","i":"192.168.0.255"}'],
    invalid: ['{"h":"-a"}', '{"i":"256.1.1.1"}', '{"i":"1.2.3"}'],
  },
  {
    name: 'URIs',
    schema: { type: 'string', format: 'uri' },
    valid: ['"https://a.b/c?d=%20#e"', '"mailto:x"'],
    invalid: ['"//a.b"', '"https://a b"', '"a:%2"'],
  },
  {
    name: 'what zod writes for an email address',
    schema: {
      type: 'string',
      format: 'email',
      pattern:
        "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
    },
    valid: ['"a@b.co"'],
    invalid: ['"a@b"'],
  },
  {
    name: 'integers',
    schema: { type: 'integer' },
    valid: ['0', '-7', '123456'],
    invalid: ['1.0', '01', '--1', '1e3', ''],
  },
  {
    name: 'numbers',
    schema: { type: 'number' },
    valid: ['0', '-7.25', '1e3', '0.1E-9'],
    invalid: ['.5', '1.', '00', '1e', 'NaN'],
  },
  {
    name: 'the integers zod allows',
    schema: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
    valid: ['0', '-9007199254740991', '9007199254740991', '42'],
    invalid: ['9007199254740992', '-9007199254740992', '10000000000000000'],
  },
  {
    name: 'positive numbers',
    schema: { type: 'number', exclusiveMinimum: 0 },
    valid: ['1', '0.5', '0.001', '123.4'],
    invalid: ['0', '0.0', '-1', '-0.5'],
  },
  {
    name: 'draft-4 exclusive bounds',
    schema: { type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 3, exclusiveMaximum: true },
    valid: ['1', '2'],
    invalid: ['0', '3'],
  },
  {
    name: 'numbers far from one',
    schema: { type: 'number', minimum: 1e-7, maximum: 1e21 },
    valid: ['0.0000001', '1000000000000000000000', '5'],
    invalid: ['0.00000009', '0', '1000000000000000000001'],
  },
  {
    name: 'multiples of one',
    schema: { type: 'number', multipleOf: 1 },
    valid: ['3', '-3'],
    invalid: ['3.5'],
  },
  {
    name: 'booleans and null',
    schema: { type: ['boolean', 'null'] },
    valid: ['true', 'false', 'null'],
    invalid: ['0', '"true"', 'nul'],
  },
  {
    name: 'several types with the keywords of one',
    schema: { type: ['string', 'integer', 'null'], maxLength: 1 },
    valid: ['"a"', '""', '12', 'null'],
    invalid: ['"ab"', '1.5'],
  },
  {
    name: 'an integer beside a number',
    schema: { type: ['integer', 'number'], minimum: 1 },
    valid: ['1', '1.5'],
    invalid: ['0.5'],
  },
  { name: 'nullable', schema: { type: 'integer', nullable: true }, valid: ['1', 'null'], invalid: ['""'] },
  {
    name: 'types read off keywords',
    schema: { properties: { a: { maxLength: 1 }, b: { minItems: 1 }, c: { minimum: 5 } } },
    valid: ['{"a":"x","b":[1],"c":5}'],
    invalid: ['{"a":"xy"}', '{"b":[]}', '{"c":4}', '{"a":1}'],
  },
  {
    name: 'a list of values of any type',
    schema: { enum: ['a', 1, null, true, { k: [1] }, 'é"\n'] },
    valid: ['"a"', '1', 'null', 'true', '{"k":[1]}', '"é\\"\\n"'],
    invalid: ['"b"', '2', 'false', '{"k": [1]}'],
  },
  {
    name: 'a list of values narrowed by type',
    schema: { type: 'string', enum: ['a', 1, null] },
    valid: ['"a"'],
    invalid: ['1', 'null'],
  },
  { name: 'a constant', schema: { const: 'only' }, valid: ['"only"'], invalid: ['"Only"', 'only'] },
  { name: 'a lone surrogate in a value', schema: { const: '\ud800' }, valid: ['"\\ud800"'], invalid: ['""'] },
  {
    name: 'a list of bounded length',
    schema: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 },
    valid: ['[1]', '[1,2]', '[1, 2, 3]', '[\n  1\n]'],
    invalid: ['[]', '[1,2,3,4]', '["a"]', '[1,]'],
  },
  {
    name: 'a list of at least three',
    schema: { type: 'array', items: { type: 'integer' }, minItems: 3 },
    valid: ['[1,2,3]', '[1,2,3,4,5]'],
    invalid: ['[]', '[1,2]'],
  },
  { name: 'an empty list', schema: { type: 'array', maxItems: 0 }, valid: ['[]'], invalid: ['[1]'] },
  { name: 'a list of anything', schema: { type: 'array' }, valid: ['[]', '[1,"a",[]]'], invalid: ['{}'] },
  {
    name: 'a long list',
    schema: { type: 'array', items: { const: 1 }, maxItems: 2_000 },
    valid: ['[]', `[${'1,'.repeat(1_999)}1]`],
    invalid: [`[${'1,'.repeat(2_000)}1]`],
  },
  {
    name: 'a tuple',
    schema: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }] },
    valid: ['[1,"a"]'],
    invalid: ['[1]', '["a",1]', '[1,"a",2]', '[]'],
  },
  {
    name: 'a tuple with more items of one type',
    schema: { type: 'array', prefixItems: [{ type: 'integer' }], items: { type: 'string' }, maxItems: 3 },
    valid: ['[1]', '[1,"a"]', '[1,"a","b"]'],
    invalid: ['[]', '[1,2]', '[1,"a","b","c"]'],
  },
  {
    name: 'a tuple of draft 7',
    schema: { type: 'array', items: [{ type: 'integer' }], additionalItems: { type: 'null' } },
    valid: ['[1]', '[1,null]'],
    invalid: ['[null]', '[1,1]'],
  },
  {
    name: 'anyOf',
    schema: { anyOf: [{ type: 'integer' }, { type: 'array', items: { type: 'integer' } }] },
    valid: ['1', '[1,2]'],
    invalid: ['"1"', '[[1]]'],
  },
  {
    name: 'oneOf told apart by a constant',
    schema: {
      oneOf: [
        object({ kind: { const: 'a' }, n: { type: 'integer' } }, ['kind', 'n']),
        object({ kind: { const: 'b' }, s: { type: 'string' } }, ['kind', 's']),
      ],
    },
    valid: ['{"kind":"a","n":1}', '{"kind":"b","s":""}'],
    invalid: ['{"kind":"a","s":""}', '{"kind":"c"}'],
  },
  {
    name: 'anyOf beside keywords that hold for all',
    schema: {
      ...object({ a: { type: 'integer' }, b: { type: 'integer' } }),
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    },
    valid: ['{"a":1}', '{"b":1}', '{"a":1,"b":2}'],
    invalid: ['{}'],
  },
  {
    name: 'allOf of objects',
    schema: {
      allOf: [
        object({ a: { type: 'integer' } }, ['a']),
        object({ b: { type: 'string' }, a: { minimum: 1, type: 'number' } }, ['b']),
      ],
    },
    valid: ['{"a":1,"b":"x"}', '{"a":12,"b":""}'],
    invalid: ['{"a":0,"b":"x"}', '{"a":1}', '{"a":1.5,"b":""}'],
  },
  {
    name: 'allOf narrows bounds and values',
    schema: { allOf: [{ type: 'integer', minimum: 1 }, { minimum: 3, maximum: 9 }, { maximum: 5 }] },
    valid: ['3', '5'],
    invalid: ['2', '6'],
  },
  {
    name: 'a reference',
    schema: {
      ...object({ p: { $ref: '#/$defs/point~1xy' } }, ['p']),
      $defs: { 'point/xy': { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 } },
    },
    valid: ['{"p":[1,2]}'],
    invalid: ['{"p":[1]}', '{}'],
  },
  {
    name: "a reference with a description, and pydantic's single allOf",
    schema: {
      ...object(
        {
          a: { $ref: '#/definitions/s', description: 'x' },
          b: { allOf: [{ $ref: '#/definitions/s' }], default: 'q' },
        },
        ['a', 'b'],
      ),
      definitions: { s: { enum: ['q', 'r'] } },
    },
    valid: ['{"a":"q","b":"r"}'],
    invalid: ['{"a":"q","b":"s"}'],
  },
  {
    name: 'a reference narrowed by what stands beside it',
    schema: {
      ...object({ n: { $ref: '#/$defs/n', maximum: 3 } }, ['n']),
      $defs: { n: { type: 'integer', minimum: 1 } },
    },
    valid: ['{"n":1}', '{"n":3}'],
    invalid: ['{"n":0}', '{"n":4}'],
  },
  {
    name: 'a tree',
    schema: {
      $ref: '#/$defs/node',
      $defs: {
        node: object({ v: { type: 'integer' }, kids: { type: 'array', items: { $ref: '#/$defs/node' } } }, [
          'v',
        ]),
      },
    },
    valid: ['{"v":1}', '{"v":1,"kids":[]}', '{"v":1,"kids":[{"v":2,"kids":[{"v":3}]},{"v":4}]}'],
    invalid: ['{"kids":[]}', '{"v":1,"kids":[{}]}', '{"v":1,"kids":[{"v":"2"}]}'],
  },
  {
    name: 'a schema that refers to itself as a whole',
    schema: object({ next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, ['next']),
    valid: ['{"next":null}', '{"next":{"next":null}}'],
    invalid: ['{"next":{}}'],
  },
  {
    name: 'a nullable reference',
    schema: object({ next: { $ref: '#', nullable: true } }, ['next']),
    valid: ['{"next":null}', '{"next":{"next":null}}'],
    invalid: ['{"next":1}'],
  },
  {
    name: 'annotations and unknown words ask nothing',
    schema: {
      type: 'integer',
      title: 'T',
      description: 'd',
      default: 7,
      examples: [1],
      $schema: 'x',
      $id: 'y',
      strict: true,
      'x-order': 1,
    },
    valid: ['1'],
    invalid: ['"1"'],
  },
]

const TOOLS: readonly Tool[] = [
  {
    type: 'function',
    function: { name: 'get_weather', parameters: object({ city: { type: 'string' } }, ['city']) },
  },
  {
    type: 'function',
    function: {
      name: 'add',
      parameters: object({ a: { type: 'integer' }, b: { type: 'integer' } }, ['a', 'b']),
    },
  },
  { type: 'function', function: { name: 'odd', parameters: { type: 'object', if: {} } } },
  { type: 'function', function: { name: 'now' } },
]
const HERMES = jsonFormat({ open: '<tool_call>', close: '</tool_call>' })
const LLAMA = jsonFormat({ argumentsKey: 'parameters' })
const MISTRAL = jsonFormat({ open: '[TOOL_CALLS]', isList: true })
const THINK = { open: '<think>', close: '</think>' }

const CALLS: readonly GrammarCase[] = [
  {
    name: 'a forced call in Hermes tags',
    grammar: toolCallGrammar({ tools: TOOLS, choice: 'required', isParallel: false }, HERMES),
    valid: [
      '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
      '<tool_call>{"name": "add", "arguments": {"a":1,"b":2}}</tool_call>',
      '<tool_call>\n{"name": "odd", "arguments": {"any":[1]}}\n</tool_call>',
      '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>',
    ],
    invalid: [
      'Sure',
      '<tool_call>\n{"name": "other", "arguments": {}}\n</tool_call>',
      '<tool_call>\n{"name": "get_weather", "arguments": {}}\n</tool_call>',
      '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}',
    ],
  },
  {
    name: 'a forced call to one tool as bare JSON',
    grammar: toolCallGrammar({ tools: TOOLS, choice: { name: 'add' }, isParallel: false }, LLAMA),
    valid: ['{"name": "add", "parameters": {"a":1, "b":2}}'],
    invalid: ['{"name": "get_weather", "parameters": {"city":"x"}}', '{"name": "add", "parameters": {}}'],
  },
  {
    name: 'a forced call in a list',
    grammar: toolCallGrammar({ tools: TOOLS, choice: { name: 'add' }, isParallel: false }, MISTRAL),
    valid: ['[TOOL_CALLS][{"name": "add", "arguments": {"a":1, "b":2}}]'],
    invalid: ['[TOOL_CALLS]{"name": "add", "arguments": {"a":1, "b":2}}', '[TOOL_CALLS][]'],
  },
]

const INTEGER = formatGrammar({ schema: { type: 'integer' } })
const THOUGHTS: readonly GrammarCase[] = [
  {
    name: 'a thought the model may have before its answer',
    grammar: withThinking(INTEGER, THINK, false),
    valid: ['1', '<think>hm</think>1', '<think>\na < b </ </thin </th</think>\n\n1', '\n<think></think>1'],
    invalid: ['hm1', '<think>hm1', '</think>1', '<think>a</think>b</think>1', '<think>a</think>'],
  },
  {
    name: 'a thought the prompt has opened',
    grammar: withThinking(INTEGER, THINK, true),
    valid: ['hm</think>1', '</think>\n\n1', '<</think>1', '<<</</think>1'],
    invalid: ['1', 'hm', 'hm</think>', '</think>x'],
  },
  {
    name: 'a thought in tags that repeat themselves',
    grammar: withThinking(INTEGER, { open: '[a]', close: 'aab' }, true),
    valid: ['aab1', 'aaab1', 'aaaab1', 'abaab1', 'xaaxaab1'],
    invalid: ['aab', 'ab1', 'aabaab1'],
  },
  {
    name: 'an answer with a mark before it, thought or not',
    grammar: withThinking(INTEGER, { ...THINK, answer: { turn: '<turn>', open: '<final>' } }, false),
    valid: ['<final>1', '<think>hm</think><turn><final>1'],
    invalid: ['1', '<turn><final>1', '<think>hm</think>1', '<think>hm</think><final>1'],
  },
]

/** Every grammar the tests know, with texts on both sides; another test gives them to the engine's parser. */
export function grammarCases(): GrammarCase[] {
  const schemas = SCHEMAS.map(({ name, schema, valid, invalid }) => ({
    name,
    grammar: formatGrammar({ schema }),
    valid,
    invalid,
  }))
  const json: GrammarCase = {
    name: 'any JSON object',
    grammar: formatGrammar('json'),
    valid: ['{}', '{"a": [1, {"b": null}], "c": "x\\n"}', '{\n  "a": true\n}'],
    invalid: ['[]', '1', '{"a":1', '{"a":01}', `{${' '.repeat(30)}}`, '{}{}'],
  }
  return [json, ...schemas, ...CALLS, ...THOUGHTS]
}
