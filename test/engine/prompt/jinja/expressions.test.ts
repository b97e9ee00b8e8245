import { describe, expect, test } from 'vitest'
import { render } from './render.ts'

/** Expected texts are what Python's Jinja2 prints. */
describe('expressions print what Jinja2 prints', () => {
  test.each([
    ['literals', '{{ true }} {{ none }} {{ 1.5 }} {{ "a" "b" }}', 'True None 1.5 ab'],
    [
      'lists and dicts as Python writes them',
      `{{ [1,'a',none,true] }} {{ {'a': "it's"} }}`,
      `[1, 'a', None, True] {'a': "it's"}`,
    ],
    ['escapes in a representation', `{{ ["a\\nb\\\\", '\\'"'] }}`, `['a\\nb\\\\', '\\'"']`],
    [
      'arithmetic',
      '{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 3 }} {{ 10 / 4 }} {{ 2 - -2 }}',
      '3 -4 2 8 2.5 4',
    ],
    [
      'repetition and joining',
      `{{ 'ab' * 2 }} {{ [0] * 3 }} {{ [1] + [2] }} {{ 'a' ~ 1 ~ none }}`,
      'abab [0, 0, 0] [1, 2] a1None',
    ],
    [
      'equality by content',
      `{{ 1 == 1.0 }} {{ true == 1 }} {{ [1,[2]] == [1,[2]] }} {{ {'a':1} == {'a':1} }} {{ 1 == '1' }}`,
      'True True True True False',
    ],
    ['order', `{{ 'a' < 'b' }} {{ [1,2] < [1,3] }} {{ 2 >= 2 }}`, 'True True True'],
    [
      'membership',
      `{{ 'a' in 'abc' }} {{ 'x' not in ['x'] }} {{ 'k' in {'k':1} }} {{ 'a' in missing }}`,
      'True False True False',
    ],
    [
      'logic that gives back its operands',
      `{{ not '' }} {{ 1 and 2 }} {{ 0 or 'z' }} {{ [] or {} }}`,
      'True 2 z {}',
    ],
    [
      'conditional expressions',
      `{{ 'x' if true }}|{{ 'x' if false }}|{{ 'a' if 1 > 2 else 'b' if 2 > 3 else 'c' }}`,
      'x||c',
    ],
    [
      'subscripts',
      `{{ 'abc'[1] }} {{ 'abc'[-1] }} {{ [1,2,3][5] is defined }} {{ '😀a'[1] }} {{ {'a':1}['b'] is defined }}`,
      'b c False a False',
    ],
    [
      'slices',
      `{{ 'abc'[::-1] }} {{ [1,2,3,4][1:3] }} {{ [1,2,3,4][::2] }} {{ [1,2,3][-2:] }} {{ [1,2,3][:-1] }} {{ [1,2,3,4][3:0:-2] }}`,
      'cba [2, 3] [1, 3] [2, 3] [1, 2] [4, 2]',
    ],
    [
      'attributes before keys, keys before attributes',
      `{{ {'items': 5}.items is callable }} {{ {'items': 5}['items'] }} {{ {'a':{'b':[7]}}.a.b[0] }}`,
      'True 5 7',
    ],
    ['integers as keys', '{{ {1: "one", 2: "two"}[2] }}', 'two'],
    [
      'what is not there',
      `{{ missing }}|{{ missing is defined }}|{{ messages[0].nothing }}|{{ none.foo is defined }}`,
      '|False||False',
    ],
    [
      'tests',
      `{{ 1 is number }} {{ true is integer }} {{ {} is mapping }} {{ 'a' is iterable }} {{ 3 is odd }} {{ none is none }} {{ 1 is not string }}`,
      'True False True True True True True',
    ],
    [
      'tests with arguments',
      `{{ 'x' is in ['x'] }} {{ 3 is divisibleby 3 }} {{ 4 is not divisibleby(3) and true }} {{ messages[0].role is eq messages[1].role }} {{ 1 is sameas true or 'no' }}`,
      'True True True False no',
    ],
    ['nested tests with arguments', `{{ (1 is in [1]) is in [true, 'a' is eq 'b'] }}`, 'True'],
    [
      'calls with unpacked arguments',
      `{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(*[1, 2]) }}{{ f(**{'b': 3, 'a': 4}) }}`,
      '1243',
    ],
    [
      'names of JavaScript mean nothing',
      `{{ constructor }}|{{ ''.constructor }}|{{ {}.__proto__ }}|{{ [].toString }}`,
      '|||',
    ],
  ])('%s', (_, template, expected) => {
    expect(render(template)).toBe(expected)
  })
})

describe('what Jinja2 refuses is refused in its words', () => {
  test.each([
    ['{{ missing.foo }}', "'missing' is undefined"],
    ['{{ missing + 1 }}', "'missing' is undefined"],
    ['{{ missing() }}', "'missing' is undefined"],
    ['{{ messages[0].nothing.more }}', "object has no attribute 'nothing'"],
    ["{{ 'a' + 1 }}", "unsupported operand type(s) for +: 'str' and 'int'"],
    ['{{ none + "a" }}', "unsupported operand type(s) for +: 'NoneType' and 'str'"],
    ['{{ 1 in 2 }}', "'int' object is not iterable"],
    ['{{ 1 < "a" }}', "'int' and 'str' cannot be ordered"],
    ['{{ 1 / 0 }}', 'division by zero'],
    ['{{ "a"() }}', "'str' object is not callable"],
    ['{{ none|length }}', "object of type 'NoneType' has no len()"],
    ['{{ 1|nonsense }}', "No filter named 'nonsense'."],
    ['{{ 1 is nonsense }}', "No test named 'nonsense'."],
    ['{{ "%s %s" % "a" }}', 'not enough arguments for format string'],
    ['{{ raise_exception("no " ~ 1) }}', 'no 1'],
  ])('%s', (template, message) => {
    expect(() => render(template)).toThrow(message)
  })
})
