import { expect, test } from 'vitest'
import { render } from './render.ts'

test.each([
  [
    'loops within loops',
    '{% for i in range(100000) %}{% for j in range(100000) %}{{ i }}{% endfor %}{% endfor %}',
    'too many steps',
  ],
  [
    'text that doubles',
    "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    'grew too large',
  ],
  [
    'a list that doubles',
    '{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}',
    'grew too large',
  ],
  ['repeated text', "{{ 'x' * 1000000000 }}", 'grew too large'],
  ['repeated lists', '{{ [[]] * 10000000000 }}', 'grew too large'],
  ['a long range', '{{ range(1000000000) }}', 'range() of more than 100000 items'],
  ['long output', "{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}", 'grew too large'],
  [
    'work on large text again and again',
    "{% set b = 'x' * 60000000 %}{% for i in range(100000) %}{{ b.count('y') }}{% endfor %}",
    'too many steps',
  ],
  ['endless recursion', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', 'call stack'],
  ['deep nesting', `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`, 'call stack'],
  ['white space that the lexer is slow at', `${' '.repeat(100_000)}{% generation %}`, 'white-space'],
])(
  '%s end with an error in a moment',
  (_, template, message) => {
    expect(() => render(template)).toThrow(message)
  },
  20_000,
)

test('widths are bounded', () => {
  expect(
    render("{{ 'a\nb'|indent(1000000000) }}{{ '%999999999s' % 'x' }}{{ [1]|tojson(indent=100000000) }}")
      .length,
  ).toBeLessThan(5_000)
})
