import { expect, test } from 'vitest'
import { render } from './render.ts'

test.each([
  [
    'a loop knows where it is',
    '{% for i in [5,6,7] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}',
    '103TrueFalse3 212FalseFalse3 321FalseTrue3 ',
  ],
  [
    'a loop knows its neighbours',
    '{% for i in [1,2] %}{{ loop.previtem }}|{{ loop.nextitem }};{% endfor %}',
    '|2;1|;',
  ],
  [
    'cycle and changed',
    "{% for i in [1,1,2] %}{{ loop.cycle('a','b') }}{{ loop.changed(i) }}{% endfor %}",
    'aTruebFalseaTrue',
  ],
  [
    'a loop with a condition counts what is left',
    '{% for x in [1,2,3,4] if x % 2 == 0 %}{{ loop.length }}:{{ x }},{% endfor %}',
    '2:2,2:4,',
  ],
  [
    'an empty loop has an else',
    '{% for x in [] %}a{% else %}empty{% endfor %}{% for x in missing %}a{% else %}none{% endfor %}',
    'emptynone',
  ],
  [
    'break keeps what was printed before it',
    '{% for x in [1,2,3] %}{{ x }}{% if x == 2 %}{% break %}{% endif %}-{% endfor %}',
    '1-2',
  ],
  [
    'continue goes on with the next',
    '{% for x in [1,2,3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}',
    '13',
  ],
  [
    'a loop over a dict and over its items',
    "{% for k in {'a':1,'b':2} %}{{ k }}{% endfor %}{% for k, v in {'a':1}.items() %}{{ k }}={{ v }}{% endfor %}",
    'aba=1',
  ],
  [
    'what a loop body sets is gone in the next round',
    "{% for i in [1,2] %}{% if i == 1 %}{% set y = 'set' %}{% endif %}{{ y }}|{% endfor %}",
    'set||',
  ],
  [
    'what a loop body sets does not leave the loop',
    '{% set x = 1 %}{% for i in [1,2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}',
    '231',
  ],
  [
    'a namespace does',
    '{% set ns = namespace(a=1) %}{% for i in [1,2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}',
    '4',
  ],
  ['an if is no scope of its own', '{% if true %}{% set a = 1 %}{% endif %}{{ a }}', '1'],
  ['elif and else', "{% if none %}a{% elif 0 %}b{% elif '' %}c{% else %}d{% endif %}", 'd'],
  [
    'setting several names, and a block',
    '{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t %}x{{ a }}{% endset %}{{ t }}',
    '12x1',
  ],
  [
    'a macro with defaults',
    "{% macro f(a, b='d') %}[{{ a }}{{ b }}]{% endmacro %}{{ f(1) }}{{ f(1,2) }}{{ f(b=3,a=0) }}",
    '[1d][12][03]',
  ],
  [
    'a macro calls itself',
    '{% macro g(x) %}{% if x > 0 %}{{ x }}{{ g(x-1) }}{% endif %}{% endmacro %}{{ g(3) }}',
    '321',
  ],
  [
    'a macro sees where it was made, late',
    '{% macro m() %}{{ v }}{% endmacro %}{% set v = 1 %}{% for i in [1] %}{% set v = 2 %}{{ m() }}{% endfor %}',
    '1',
  ],
  ['a call block', '{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}body{% endcall %}', '<body>'],
  ['a filter block', '{% filter upper %}abc{% endfilter %}', 'ABC'],
  [
    'blocks take their line with them',
    'a\n  {% if true %}\n    yes\n  {% endif %}\n  tail\n',
    'a\n    yes\n  tail',
  ],
  ['dashes take all white space', 'a \n {%- if true -%} \n b \n {%- endif -%} \n c', 'abc'],
  ['comments print nothing', 'a{# x #}b{#- y -#} c', 'abc'],
  ['the generation tag of transformers is passed over', '{% generation %}x{% endgeneration %}', 'x'],
  [
    'the clock is the one given',
    "{{ strftime_now('%Y-%m-%d %H:%M:%S %B %b %A %-d %j %p %I %y %% %Q') }}",
    '2026-01-02 03:04:05 January Jan Friday 2 002 AM 03 26 % %Q',
  ],
  [
    'range',
    '{{ range(3)|list }}{{ range(1,10,3)|list }}{{ range(3,0,-1)|list }}',
    '[0, 1, 2][1, 4, 7][3, 2, 1]',
  ],
  [
    'dict and namespace as functions',
    "{{ dict(a=1) }}{{ dict({'b':2}, c=3) }}{{ namespace({'x':4}).x }}",
    "{'a': 1}{'b': 2, 'c': 3}4",
  ],
])('%s', (_, template, expected) => {
  expect(render(template)).toBe(expected)
})

test.each([
  ['{% for x in none %}{% endfor %}', "'NoneType' object is not iterable"],
  ['{% for a, b in [[1]] %}{% endfor %}', 'expected 2 values to unpack, got 1'],
  ['{% set messages.x = 1 %}', 'cannot assign attribute on non-namespace object'],
  ['{% if %}', 'Unexpected token'],
  ['{% nonsense %}', 'Unknown statement type'],
])('%s is refused', (template, message) => {
  expect(() => render(template)).toThrow(message)
})
