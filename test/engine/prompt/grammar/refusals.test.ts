import { expect, test } from 'vitest'
import { formatGrammar } from '../../../../engine/prompt/format.ts'
import { toolCallGrammar } from '../../../../engine/prompt/grammar.ts'

const inside = (schema: unknown) => ({ type: 'object', properties: { a: schema } })

test.each([
  ['not', inside({ not: {} }), '"not" at #/properties/a is not supported'],
  ['if', inside({ if: {} }), '"if" at #/properties/a is not supported'],
  [
    'patternProperties',
    { type: 'object', patternProperties: { x: {} } },
    '"patternProperties" at # is not supported',
  ],
  ['propertyNames', { type: 'object', propertyNames: {} }, '"propertyNames" at #'],
  ['contains', inside({ type: 'array', contains: {} }), '"contains" at #/properties/a'],
  ['uniqueItems', { type: 'array', uniqueItems: true }, '"uniqueItems" at #'],
  ['minProperties', inside({ type: 'object', minProperties: 2 }), '"minProperties" at #/properties/a'],
  ['maxProperties', { ...inside({}), additionalProperties: true, maxProperties: 3 }, '"maxProperties" at #'],
  ['multipleOf', { type: 'integer', multipleOf: 5 }, '"multipleOf" at #'],
  ['a step of a number', { type: 'number', multipleOf: 0.01 }, '"multipleOf" at #'],
  [
    'an unknown format',
    inside({ type: 'string', format: 'phone' }),
    '"format" at #/properties/a "phone" is not supported',
  ],
  [
    'a format with a length',
    { type: 'string', format: 'date', minLength: 1 },
    '"format" at # stands beside minLength or maxLength',
  ],
  ['a pattern that looks ahead', { type: 'string', pattern: '^(?=a)' }, '"pattern" at # uses an assertion'],
  ['a pattern that refers back', { type: 'string', pattern: '^(a)\\1$' }, '"pattern" at # uses \\1'],
  ['a pattern with a word boundary', { type: 'string', pattern: '\\bx' }, '"pattern" at # uses \\b'],
  ['a pattern with a Unicode property', { type: 'string', pattern: '\\p{L}' }, '"pattern" at # uses \\p'],
  [
    'a pattern with an anchor inside',
    { type: 'string', pattern: 'a$b' },
    '"pattern" at # has an anchor in the middle',
  ],
  [
    'a pattern that repeats nothing',
    { type: 'string', pattern: '^(a*)*$' },
    '"pattern" at # repeats what may be empty',
  ],
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
    'a pattern of control characters only',
    { type: 'string', pattern: '\\x01' },
    '"pattern" at # has a class that no JSON string can match',
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
  ['values beside bounds', { enum: [1, 2], minimum: 2 }, '"minimum" at # is not supported beside "enum"'],
  [
    'closed objects that exclude each other',
    { allOf: [{ properties: { a: {} }, additionalProperties: false }, { properties: { b: {} } }] },
    '"additionalProperties" at #/allOf/1 excludes properties',
  ],
  [
    'two patterns at once',
    { type: 'string', allOf: [{ pattern: '^a' }, { pattern: 'b$' }] },
    '"pattern" at #/allOf/1 differs between schemas that must both hold',
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
    'a key that needs care in a pointer',
    { type: 'object', properties: { 'a/b~c': { not: {} } } },
    '"not" at #/properties/a~1b~0c',
  ],
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
])('%s is refused with its place', (_, schema, message) => {
  expect(() => formatGrammar({ schema })).toThrow(
    expect.objectContaining({ code: 'bad_format', message: expect.stringContaining(message) }),
  )
})

test('a forced call to a tool that is not there is refused', () => {
  const format = {
    open: '{',
    close: undefined,
    markup: undefined,
    argumentsKey: 'arguments',
    isList: false,
  } as const
  expect(() => toolCallGrammar({ tools: [], choice: { name: 'f' }, isParallel: false }, format)).toThrow(
    expect.objectContaining({ code: 'bad_request' }),
  )
  expect(() => toolCallGrammar({ tools: [], choice: 'required', isParallel: false }, format)).toThrow(
    expect.objectContaining({ code: 'bad_request' }),
  )
})
