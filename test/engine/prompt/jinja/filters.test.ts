import { expect, test } from 'vitest'
import { render } from './render.ts'

test.each([
  [
    'tojson as Python lays it out',
    `{{ {'b':[1,true,none],'a':'é<"'}|tojson }}`,
    '{"b": [1, true, null], "a": "é<\\""}',
  ],
  ['tojson over several lines', `{{ [1,{'b':{}}]|tojson(indent=2) }}`, '[\n  1,\n  {\n    "b": {}\n  }\n]'],
  [
    'tojson with options',
    `{{ {'b':1,'a':'é'}|tojson(sort_keys=true, ensure_ascii=true, separators=(',',':')) }}`,
    '{"a":"\\u00e9","b":1}',
  ],
  ['tojson of what is missing', `{{ {'a': missing}|tojson }}`, '{"a": null}'],
  [
    'case and white space',
    `{{ 'hello world'|title }} {{ 'hELLO'|capitalize }} {{ 'x'|upper }} {{ ' x '|trim }}|{{ none|trim }}`,
    'Hello World Hello X x|None',
  ],
  [
    'a missing value is an empty text',
    `[{{ missing|trim }}{{ missing|upper }}{{ missing|length }}{{ missing|list }}]`,
    '[0[]]',
  ],
  [
    'indent',
    `{{ 'a\\nb\\n\\nc'|indent }}|{{ 'a\\nb'|indent(2, true) }}|{{ 'a\\n\\nb'|indent(width=2, blank=true) }}`,
    'a\n    b\n\n    c|  a\n  b|a\n  \n  b',
  ],
  [
    'default',
    `{{ missing|default('d') }}{{ none|default('x') }}{{ ''|default('y', true) }}{{ ''|d('z', boolean=true) }}`,
    'dNoneyz',
  ],
  [
    'numbers',
    `{{ 3.7|int }} {{ '12'|int }} {{ 'x'|int(5) }} {{ '2.5'|float }} {{ 3.14159|round(2) }} {{ -5|abs }} {{ [1,2]|sum }}`,
    '3 12 5 2.5 3.14 5 3',
  ],
  [
    'lengths, ends and order',
    `{{ 'abc'|length }} {{ 'abc'|first }} {{ [1,2]|last }} {{ 'abc'|reverse }} {{ [1,5,2]|max }} {{ [1,5,2]|min }}`,
    '3 a 2 cba 5 1',
  ],
  [
    'sort',
    `{{ ['b','A']|sort }} {{ [3,1,2]|sort(reverse=true) }} {{ [{'n':2},{'n':1}]|sort(attribute='n')|map(attribute='n')|list }}`,
    "['A', 'b'] [3, 2, 1] [1, 2]",
  ],
  [
    'join',
    `{{ [1,2,3]|join(', ') }} {{ 'abc'|join('-') }} {{ [{'n':2},{'n':1}]|join('+', attribute='n') }}`,
    '1, 2, 3 a-b-c 2+1',
  ],
  [
    'map by filter',
    `{{ ['a','b']|map('upper')|join }} {{ [[1],[2]]|map('first')|list }} {{ [{}, {'n':1}]|map(attribute='n', default=0)|list }}`,
    'AB [1, 2] [0, 1]',
  ],
  [
    'select and reject',
    `{{ [1,'a']|select('string')|list }} {{ [1,2,3]|select('gt', 1)|list }} {{ [1,2]|reject('odd')|list }} {{ none|select|list }}`,
    "['a'] [2, 3] [2] []",
  ],
  [
    'select by attribute',
    `{{ messages|selectattr('role','in',['user'])|map(attribute='content')|list }} {{ messages|rejectattr('role','equalto','user')|list|length }}`,
    "['U'] 2",
  ],
  [
    'unique, items, dictsort, groupby',
    `{{ [1,1,'a','A']|unique|list }} {{ {'b':1,'a':2}|dictsort|map('first')|list }} {{ {'b':1}|items|list|length }} {% for k, g in [{'k':'b'},{'k':'a'},{'k':'b'}]|groupby('k') %}{{ k }}{{ g|length }}{% endfor %}`,
    "[1, 'a'] ['a', 'b'] 1 a1b2",
  ],
  [
    'replace and format',
    `{{ 'a b c'|replace(' ', '_') }} {{ 'aaa'|replace('a', 'b', 2) }} {{ '%s-%d-%05.2f-%-3s|'|format('a', 3, 2.5, 'x') }}`,
    'a_b_c bba a-3-02.50-x  |',
  ],
  ['escape', `{{ '&<>"'|e }}`, '&amp;&lt;&gt;&#34;'],
  [
    'what is added to safe text is escaped, as in Jinja2',
    `{{ '<b>'|safe + '<i>' + ('<u>'|safe) }} {{ '<b>'|safe }} {{ '<' + '>' }}`,
    '<b>&lt;i&gt;<u> <b> <>',
  ],
  [
    'string methods',
    `{{ 'a,b,c'.split(',', 1) }} {{ ' a  b '.split() }} {{ 'a,b,c'.rsplit(',', 1) }} {{ 'xxabxx'.strip('x') }} {{ 'abcabc'.replace('b','-',1) }}`,
    `['a', 'b,c'] ['a', 'b'] ['a,b', 'c'] ab a-cabc`,
  ],
  [
    'stripping only the characters named',
    `[{{ '\\n\\n x \\n'.lstrip('\\n') }}][{{ ' x \\n'.rstrip('\\n') }}]`,
    '[ x \n][ x ]',
  ],
  [
    'more string methods',
    `{{ 'abc'.startswith(('x','a')) }} {{ 'abc'.endswith('c') }} {{ 'aXb'.lower() }} {{ 'abc'.find('c') }} {{ 'a.b.'.count('.') }} {{ '12'.isdigit() }} {{ 'x'.join(['a','b']) }} {{ 'a\\nb\\n'.splitlines() }} {{ 'p-x'.removeprefix('p-') }}`,
    "True True axb 2 2 True axb ['a', 'b'] x",
  ],
  [
    'formatting with braces',
    `{{ '{} {1} {n} {{x}}'.replace('{1}','{}').format('a', 'b', n='c') }}`,
    'a b c {x}',
  ],
  [
    'dict and list methods',
    `{{ {'a':1}.get('z', 'dflt') }} {{ {'a':1}.keys()|list }} {{ {'a':1}.values()|list }} {{ ['a','b'].index('b') }} {{ [1,2,1].count(1) }}`,
    "dflt ['a'] [1] 1 2",
  ],
])('%s', (_, template, expected) => {
  expect(render(template)).toBe(expected)
})
