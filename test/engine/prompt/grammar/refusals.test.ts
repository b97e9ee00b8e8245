import { expect, test } from 'vitest'
import { formatGrammar } from '../../../../engine/prompt/format.ts'
import { toolCallGrammar } from '../../../../engine/prompt/grammar.ts'
import { jsonFormat } from '../../../../engine/prompt/tool-format/json-format.ts'

const inside = (schema: unknown) => ({ type: 'object', properties: { a: schema } })

test.each([
  ['if', inside({ if: {} }), '"if" at #/properties/a is not supported'],
  [
    'an unknown format',
    inside({ type: 'string', format: 'phone' }),
    '"format" at #/properties/a "phone" is not supported',
  ],
  ['a pattern that refers back', { type: 'string', pattern: '^(a)\\1$' }, '"pattern" at # uses \\1'],
  ['a pattern with a word boundary', { type: 'string', pattern: '\\bx' }, '"pattern" at # uses \\b'],
  ['a pattern with a Unicode property', { type: 'string', pattern: '\\p{L}' }, '"pattern" at # uses \\p'],
  ['a pattern with an open group', { type: 'string', pattern: '(a' }, '"pattern" at # has an unclosed group'],
  [
    'a pattern with a stray group end',
    { type: 'string', pattern: 'a)' },
    '"pattern" at # has an unopened group',
  ],
  ['a pattern with an open class', { type: 'string', pattern: '[a' }, '"pattern" at # ends too early'],
  [
    'a pattern with a range out of order',
    { type: 'string', pattern: '[z-a]' },
    '"pattern" at # has a range out of order',
  ],
  [
    'a pattern with a repetition out of order',
    { type: 'string', pattern: 'a{3,1}' },
    '"pattern" at # has a repetition out of order',
  ],
  [
    'a pattern nested deeply',
    { type: 'string', pattern: '('.repeat(60) + ')'.repeat(60) },
    '"pattern" at # is nested too deeply',
  ],
  [
    'a long pattern',
    { type: 'string', pattern: 'a'.repeat(3_000) },
    '"pattern" at # is longer than 2000 characters',
  ],
  ['a pattern that is no text', { type: 'string', pattern: 1 }, '"pattern" at # must be a string'],
  [
    'lengths out of order',
    { type: 'string', minLength: 2, maxLength: 1 },
    '"minLength" at # is more than maxLength',
  ],
  [
    'a length that is no number',
    { type: 'string', minLength: '2' },
    '"minLength" at # must be a whole number from 0 up',
  ],
  ['items out of order', { type: 'array', minItems: 2, maxItems: 1 }, '"minItems" at # asks for more items'],
  [
    'no number between the bounds',
    { type: 'integer', minimum: 3, maximum: 2 },
    '"minimum" at # and the maximum leave no number',
  ],
  [
    'no fraction between the bounds',
    { type: 'number', exclusiveMinimum: 0.5, exclusiveMaximum: 0.5 },
    '"minimum" at #',
  ],
  ['a bound that is no number', { type: 'number', minimum: '1' }, '"minimum" at # must be a number'],
  ['an unknown type', { type: 'text' }, '"type" at # "text" is not a type'],
  [
    'types that exclude each other',
    { allOf: [{ type: 'string' }, { type: 'integer' }] },
    '"type" at # leaves no type',
  ],
  [
    'values that exclude each other',
    { allOf: [{ enum: [1] }, { enum: [2] }] },
    '"enum" at # leaves no value',
  ],
  ['a false schema', { type: 'array', items: false, minItems: 1 }, '"minItems" at # asks for more items'],
  [
    'a required property that may not be',
    { ...inside(false), required: ['a'] },
    '"false" at #/properties/a allows no value',
  ],
  [
    'a required property that is not listed',
    { ...inside({}), required: ['b'], additionalProperties: false },
    '"required" at # names "b"',
  ],
  ['a reference to nowhere', { $ref: '#/$defs/x' }, '"$ref" at # "#/$defs/x" is not inside this schema'],
  ['a reference to elsewhere', { $ref: 'other.json' }, '"$ref" at # "other.json" is not inside this schema'],
  [
    'a reference through the prototype',
    { $ref: '#/constructor' },
    '"$ref" at # "#/constructor" is not inside this schema',
  ],
  ['a reference to itself', { $ref: '#' }, '"$ref" at # "#" refers to itself'],
  [
    'references in a circle',
    {
      $ref: '#/$defs/a',
      $defs: { a: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } },
    },
    '"$ref" at #/$defs/b "#/$defs/a" refers to itself',
  ],
  ['allOf in a circle', { allOf: [{ $ref: '#' }, {}] }, "the format's schema is too large"],
  ['a schema that is no schema', inside(5), '"schema" at #/properties/a must be an object or a boolean'],
  ['no alternatives', { anyOf: [] }, '"anyOf" at # must be a list of schemas'],
  [
    'deep nesting',
    JSON.parse(`${'{"items":'.repeat(100)}{}${'}'.repeat(100)}`),
    "the format's schema is too large",
  ],
  [
    'many properties',
    {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`p${i}`, { type: 'null' }])),
    },
    "the format's schema is too large",
  ],
  [
    'repetition without end',
    { type: 'string', maxLength: 10_000_000 },
    "the format's schema is too large: more than 100000 repetitions",
  ],
  ['not with a bound', inside({ not: { minimum: 1 } }), '"not" at #/properties/a is supported for a type'],
  ['not anything', { not: {} }, '"not" at # allows no value'],
  ['maxContains', { type: 'array', contains: {}, maxContains: 1 }, '"maxContains" at # is not supported'],
  [
    'contains beside a tuple',
    { prefixItems: [{}], contains: {} },
    '"contains" at # is not supported beside items',
  ],
  [
    'names that are no strings',
    { type: 'object', propertyNames: { minimum: 1 } },
    '"minimum" at #/propertyNames',
  ],
  [
    'different items of any text',
    { items: { type: 'string' }, uniqueItems: true },
    '"uniqueItems" at # is supported for',
  ],
  [
    'more properties than are sure',
    inside({ type: 'object', minProperties: 2 }),
    '"minProperties" at #/properties/a',
  ],
  [
    'more properties than there are',
    { ...inside({}), minProperties: 2 },
    '"minProperties" at # cannot be met',
  ],
  ['steps of nothing', { type: 'integer', multipleOf: 0 }, '"multipleOf" at # must be a number above 0'],
  ['steps too large', { type: 'integer', multipleOf: 123_457 }, '"multipleOf" at # is supported for steps'],
  [
    'no multiple between the bounds',
    { type: 'integer', multipleOf: 10, minimum: 1, maximum: 9 },
    '"multipleOf" at # and',
  ],
  [
    'a pattern that looks ahead in the middle',
    { type: 'string', pattern: 'a(?=b)c' },
    '"pattern" at # uses an assertion',
  ],
  ['a pattern that looks behind', { type: 'string', pattern: '(?<=a)b' }, '"pattern" at # uses an assertion'],
  ['a pattern with an anchor inside', { type: 'string', pattern: 'a$b' }, '"pattern" at # leaves no text'],
  [
    'a pattern of control characters only',
    { type: 'string', pattern: '\\x01' },
    '"pattern" at # leaves no text',
  ],
  [
    'two patterns that exclude each other',
    { type: 'string', allOf: [{ pattern: '^a' }, { pattern: '^b' }] },
    '"pattern" at # leaves no text',
  ],
  ['values past the bounds', { enum: [1, 2], minimum: 3 }, '"enum" at # leaves no value'],
  [
    'listed objects beside properties',
    { enum: [{ a: 1 }], required: ['a'] },
    '"required" at # is not supported beside listed values',
  ],
  [
    'a required property that another schema excludes',
    {
      allOf: [
        { properties: { a: {} }, additionalProperties: false },
        { properties: { b: {} }, required: ['b'] },
      ],
    },
    '"false" at #/properties/b allows no value',
  ],
  [
    'alternatives that cannot be told apart',
    {
      oneOf: [
        { type: 'object', properties: { a: {} } },
        { type: 'object', properties: { b: {} } },
      ],
    },
    '"oneOf" at # has alternatives that one value may satisfy at once',
  ],
  [
    'too many alternatives',
    { oneOf: Array.from({ length: 100 }, (_, at) => ({ const: at })) },
    '"oneOf" at # has more than 64',
  ],
  [
    'many dependent properties',
    {
      type: 'object',
      dependentRequired: Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`p${at}`, []])),
    },
    '"dependentRequired" at # is supported for 6',
  ],
  [
    'a key that needs care in a pointer',
    { type: 'object', properties: { 'a/b~c': { if: {} } } },
    '"if" at #/properties/a~1b~0c',
  ],
  [
    'alternatives that are the same for as long as one likes',
    {
      $ref: '#/$defs/n',
      $defs: {
        n: {
          anyOf: [1, 2].map((v) => ({
            properties: { a: { $ref: '#/$defs/n' }, b: { const: v } },
            required: ['b'],
          })),
        },
      },
    },
    'leaves too many readings of one text open',
  ],
  [
    'repetition in repetition',
    { type: 'string', pattern: '^(a{0,70}){0,70}b$' },
    'leaves too many readings of one text open',
  ],
  [
    'patterns in numbers',
    {
      type: 'object',
      patternProperties: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`^p${at}`, {}])),
    },
    '"patternProperties" at # is supported for 32 patterns',
  ],
  [
    'values in numbers',
    { enum: Array.from({ length: 400 }, (_, at) => `${at}${'x'.repeat(1_000)}`) },
    "the format's schema is too large",
  ],
  [
    'references that double',
    {
      $ref: '#/$defs/d0',
      $defs: Object.fromEntries(
        Array.from({ length: 50 }, (_, at) => [
          `d${at}`,
          at === 49 ? {} : { allOf: [1, 2].map(() => ({ $ref: `#/$defs/d${at + 1}` })) },
        ]),
      ),
    },
    "the format's schema is too large",
  ],
  [
    'nesting deeper than JSON is written',
    { properties: JSON.parse(`${'{"items":'.repeat(9_000)}{}${'}'.repeat(9_000)}`) },
    'too deep',
  ],
])('%s is refused with its place', (_, schema, message) => {
  expect(() => formatGrammar({ schema })).toThrow(
    expect.objectContaining({ code: 'bad_format', message: expect.stringContaining(message) }),
  )
})

test('a forced call to a tool that is not there is refused', () => {
  const format = jsonFormat({})
  expect(() => toolCallGrammar({ tools: [], choice: { name: 'f' }, isParallel: false }, format)).toThrow(
    expect.objectContaining({ code: 'bad_request' }),
  )
  expect(() => toolCallGrammar({ tools: [], choice: 'required', isParallel: false }, format)).toThrow(
    expect.objectContaining({ code: 'bad_request' }),
  )
})
