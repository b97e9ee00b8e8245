import { describe, expect, test } from 'vitest'
import { parseGoJson } from '../../formats/go-json.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

test.each([['{"a":[1,{"b":null}],"c":"\\u00e9"}'], ['"text"'], ['-1.5e3'], ['true'], ['null'], ['[]']])(
  'good JSON is read as it is: %s',
  (text) => {
    expect(parseGoJson(text)).toEqual(JSON.parse(text))
  },
)

test.each([[''], ['   '], ['\n\t\r ']])('only white space is no value: %j', (text) => {
  expect(parseGoJson(text)).toBeUndefined()
})

describe('bytes after the first value are ignored', () => {
  test.each([
    ['{"model":"tiny"} trailing', { model: 'tiny' }],
    ['  {"a":1}{"a":2}', { a: 1 }],
    ['[1,[2,{"x":"]\\""}]]]', [1, [2, { x: ']"' }]]],
    ['{}}', {}],
    ['[ ] ]', []],
    ['12abc', 12],
    ['-0.5e+7,', -0.5e7],
    ['0123', 0],
    ['"a\\"b\\\\"x', 'a"b\\'],
    ['nullx', null],
    ['false false', false],
    ['{"a" : "\\ud83d\\ude00" , "b" : [ true ] } \u0000', { a: '\u{1f600}', b: [true] }],
  ])('%j', (text, value) => {
    expect(parseGoJson(text)).toEqual(value)
  })
})

describe('truncated text is an unexpected end', () => {
  test.each([
    '{"model":"tiny"',
    '{"model":',
    '{"model"',
    '{"mod',
    '{',
    '{"a":1,',
    '[',
    '[1',
    '[1,',
    '"abc',
    '"a\\',
    '"\\u00',
    '-',
    '1.',
    '1e',
    '1e+',
    'tru',
    '[nul',
    '{"a":{"b":[1,2',
  ])('%s', (text) => {
    expect(() => parseGoJson(text)).toThrow(new SyntaxError('unexpected EOF'))
  })
})

describe('bad syntax is refused in the words of Go', () => {
  test.each([
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['{"a":1]', "invalid character ']' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1}', "invalid character '}' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['hello', "invalid character 'h' looking for beginning of value"],
    ['--data', "invalid character '-' in numeric literal"],
    ['[1.x]', "invalid character 'x' after decimal point in numeric literal"],
    ['[1e,2]', "invalid character ',' in exponent of numeric literal"],
    ['[01]', "invalid character '1' after array element"],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['{"a":nil}', "invalid character 'i' in literal null (expecting 'u')"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"a\u0000b"', "invalid character '\\x00' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['\ufeff{}', "invalid character '\u00ef' looking for beginning of value"],
    ['\u20ac', "invalid character '\u00e2' looking for beginning of value"],
    ['[\\]', "invalid character '\\\\' looking for beginning of value"],
    ['\u007f', "invalid character '\\x7f' looking for beginning of value"],
  ])('%j', (text, message) => {
    expect(() => parseGoJson(text)).toThrow(new SyntaxError(message))
  })
})

describe('depth is bounded', () => {
  test('10000 levels are read', () => {
    expect(() => parseGoJson(nested(10_000))).not.toThrow()
  })

  test.each([
    ['well-formed', nested(10_001)],
    ['with a tail', `${nested(10_001)} x`],
    ['never closed', '['.repeat(1_000_000)],
    ['objects', '{"a":'.repeat(200_000)],
  ])('one more is refused: %s', (_, text) => {
    expect(() => parseGoJson(text)).toThrow(new SyntaxError('exceeded max depth'))
  })
})

test.each([
  ['plain', '{"a":{"__proto__":{"admin":true},"b":1}}'],
  ['escaped', '{"a":{"\\u005f_\\u0070roto__":{"admin":true},"b":1}}'],
  ['before a tail', '{"a":{"__proto__":{"admin":true},"b":1}} x'],
])('a __proto__ key is dropped: %s', (_, text) => {
  const value = parseGoJson(text) as { a: object }
  expect(Object.keys(value.a)).toEqual(['b'])
  // Copied key by key, as code that reads requests does, it must not gain a prototype either.
  expect(Object.assign({}, value.a)).not.toHaveProperty('admin')
})
