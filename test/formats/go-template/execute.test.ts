import { describe, expect, test } from 'vitest'
import { executeGoTemplate } from '../../../formats/go-template/execute.ts'
import { parseGoTemplate } from '../../../formats/go-template/parse.ts'
import { goList, goMap, goStruct } from '../../../formats/go-template/value.ts'

const NOW = new Date(2026, 0, 1, 12)
const DATA = {
  S: 'héllo',
  E: '',
  N: 3,
  F: 2.5,
  Big: 123456789,
  T: true,
  X: false,
  Nil: null,
  L: ['a', 'b', 'c'],
  Mixed: [1, 'x', null, true, [1, 2], { k: 'v' }],
  O: [],
  M: { b: 1, a: 'x', c: { d: [1] } },
  H: `<a href="x">'&'</a>`,
}
const run = (text: string, data: Record<string, unknown> = DATA) =>
  executeGoTemplate(parseGoTemplate(text), data, NOW)

/** What Go 1.26 writes for each. */
const OUTPUTS: [text: string, output: string][] = [
  ['a{{ .S }}b', 'ahéllob'],
  ['a  {{- .S -}}  \n b', 'ahéllob'],
  ['a {{- /* nothing */ -}} b', 'ab'],
  ['{{"{{"}}', '{{'],
  // Values as fmt prints them.
  ['{{ .N }} {{ .F }} {{ .Big }} {{ 7 }} {{ 1e3 }}', '3 2.5 1.23456789e+08 7 1000'],
  ['{{ .T }} {{ .Nil }} {{ .Missing }} {{ .M.zz }}', 'true <no value> <no value> <no value>'],
  ['{{ .L }} {{ .O }} {{ .M }}', '[a b c] [] map[a:x b:1 c:map[d:[1]]]'],
  ['{{ .Mixed }}', '[1 x <nil> true [1 2] map[k:v]]'],
  ['{{ print .Nil }} {{ print 1 2 "a" "b" 3 }}', '<nil> 1 2ab3'],
  ['{{ println 1 "a" 2 }}', '1 a 2\n'],
  ["{{ 'a' }} {{ 0x1F }} {{ 017 }} {{ 1_000 }} {{ -3 }}", '97 31 15 1000 -3'],
  // Truth.
  [
    '{{ if .E }}1{{ else if .O }}2{{ else if .X }}3{{ else if .Nil }}4{{ else if 0 }}5{{ else }}6{{ end }}',
    '6',
  ],
  ['{{ if .S }}1{{ end }}{{ if .L }}2{{ end }}{{ if .M }}3{{ end }}{{ if .F }}4{{ end }}', '1234'],
  ['{{ and .S .N }} {{ and .E .N }}| {{ or .E .N }} {{ or .E 0 }} {{ not .E }}', '3 | 3 0 true'],
  ['{{ and .X (index .L 9) }} {{ or .T (index .L 9) }}', 'false true'],
  // Comparison.
  [
    '{{ eq 1 1 }} {{ eq .S "a" "héllo" }} {{ ne 1 2 }} {{ eq .Nil nil }} {{ eq .Nil 1 }}',
    'true true true true false',
  ],
  [
    '{{ lt 1 2 }} {{ le 2 2 }} {{ gt 1 2 }} {{ ge 2 2 }} {{ lt "a" "b" }} {{ lt .F 3.0 }}',
    'true true false true true true',
  ],
  // Loops.
  ['{{ range .L }}[{{ . }}]{{ end }}', '[a][b][c]'],
  ['{{ range $i, $v := .L }}{{ $i }}{{ $v }} {{ end }}', '0a 1b 2c '],
  ['{{ range $k, $v := .M }}{{ $k }}={{ $v }} {{ end }}', 'a=x b=1 c=map[d:[1]] '],
  ['{{ range 3 }}{{ . }}{{ end }}', '012'],
  ['{{ range .O }}x{{ else }}none{{ end }}{{ range .Nil }}x{{ else }}nil{{ end }}', 'nonenil'],
  ['{{ range $i, $v := .L }}{{ if eq $v "b" }}{{ continue }}{{ end }}{{ $v }}{{ end }}', 'ac'],
  ['{{ range .L }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}', 'a'],
  ['{{ range $i, $_ := .L }}{{ eq (len (slice $.L $i)) 1 }} {{ end }}', 'false false true '],
  // Variables.
  ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
  ['{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}', '1'],
  ['{{ $l := "" }}{{ range .L }}{{ $l = . }}{{ end }}{{ $l }}', 'c'],
  ['{{ with $x := .M }}{{ $x.a }}{{ .b }}{{ $.S }}{{ end }}', 'x1héllo'],
  ['{{ with .E }}1{{ else with .N }}{{ . }}{{ end }}{{ with .E }}1{{ else }}{{ .S }}{{ end }}', '3héllo'],
  // Fields, pipelines and calls.
  ['{{ .M.c.d }} {{ (index .Mixed 5).k }} {{ index .M "c" "d" 0 }}', '[1] v 1'],
  ['{{ .S | printf "%s-%s" "x" | len }}', '8'],
  ['{{ len .S }} {{ len .L }} {{ len .M }} {{ index "abc" 1 }}', '6 3 3 98'],
  ['{{ slice .L 1 }} {{ slice "abcdef" 1 3 }} {{ slice .L 0 1 }}', '[b c] bc [a]'],
  ['{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .N }}{{ template "t" }}', '<3><<no value>>'],
  ['{{ block "t" .S }}({{ . }}){{ end }}', '(héllo)'],
  ['{{ html .H }}', '&lt;a href=&#34;x&#34;&gt;&#39;&amp;&#39;&lt;/a&gt;'],
  ['{{ js .H }}', '\\u003Ca href\\u003D\\"x\\"\\u003E\\\'\\u0026\\\'\\u003C/a\\u003E'],
  ['{{ urlquery "a b/é&" }}', 'a+b%2F%C3%A9%26'],
  // Ollama's own.
  [
    '{{ json .H }} {{ json .M }}',
    '"\\u003ca href=\\"x\\"\\u003e\'\\u0026\'\\u003c/a\\u003e" {"a":"x","b":1,"c":{"d":[1]}}',
  ],
  ['{{ currentDate }} {{ currentDate "2006" }} {{ yesterdayDate }}', '2026-01-01 2026-01-01 2025-12-31'],
]

describe('a template writes what it writes in Go', () => {
  test.each(OUTPUTS)('%s', (text, output) => {
    expect(run(text)).toBe(output)
  })

  test.each([
    ['%v|%5d|%-5d|%05d|%+d', '7|    7|7    |00007|+7'],
    ['%x|%X|%o|%b|%c|%q|%U|%T', "7|7|7|111|\u0007|'\\a'|U+0007|int"],
    ['%d %d', '7 %!d(MISSING)'],
    ['%[2]v', '%!v(BADINDEX)'],
    ['%s', '%!s(int=7)'],
    ['%', '%!(NOVERB)%!(EXTRA int=7)'],
    ['%%', '%%!(EXTRA int=7)'],
    ['%*d', '%!d(MISSING)'],
  ])('printf of a whole number with %s', (format, output) => {
    const args = '7 '.repeat(Math.max(1, format.split('|').length))
    expect(run(`{{ printf "${format}" ${args}}}`)).toBe(output)
  })

  test.each([
    ['%.2f|%8.1f|%e|%g|%v', '2.50|     2.5|2.500000e+00|2.5|2.5'],
    ['%.0f', '2'],
    ['%08.2f', '00002.50'],
    ['%d', '%!d(float64=2.5)'],
  ])('printf of a number of JSON with %s', (format, output) => {
    const count = format.match(/%/g)?.length ?? 0
    expect(run(`{{ printf "${format}" ${'.F '.repeat(count)}}}`)).toBe(output)
  })

  test.each([
    ['%s|%8s|%-8s|%.2s|%q', 'héllo|   héllo|héllo   |hé|"héllo"'],
    ['%x', '68c3a96c6c6f'],
    ['%5t', '%!t(string=héllo)'],
    ['%T', 'string'],
  ])('printf of a text with %s', (format, output) => {
    const count = format.match(/%/g)?.length ?? 0
    expect(run(`{{ printf "${format}" ${'.S '.repeat(count)}}}`)).toBe(output)
  })
})

/** What Go 1.26 says of each. */
const ERRORS: [text: string, message: string][] = [
  ['{{ .S.Y }}', `:1:5: executing "" at <.S.Y>: can't evaluate field Y in type interface {}`],
  ['\n é{{ .Nil.Y }}', ':2:10: executing "" at <.Nil.Y>: nil pointer evaluating interface {}.Y'],
  [
    '{{ index .L 3 }}',
    ':1:3: executing "" at <index .L 3>: error calling index: reflect: slice index out of range',
  ],
  ['{{ index .L 4 }}', ':1:3: executing "" at <index .L 4>: error calling index: index out of range: 4'],
  [
    '{{ index .L "a" }}',
    ':1:3: executing "" at <index .L "a">: error calling index: cannot index slice/array with type string',
  ],
  ['{{ index .Nil 1 }}', ':1:3: executing "" at <index .Nil 1>: error calling index: index of untyped nil'],
  [
    '{{ slice .L 2 1 }}',
    ':1:3: executing "" at <slice .L 2 1>: error calling slice: invalid slice index: 2 > 1',
  ],
  ['{{ len 3 }}', ':1:3: executing "" at <len 3>: error calling len: len of type int'],
  [
    '{{ eq 1 1.0 }}',
    ':1:3: executing "" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64',
  ],
  [
    '{{ eq .N 3 }}',
    ':1:3: executing "" at <eq .N 3>: error calling eq: incompatible types for comparison: float64 and int',
  ],
  ['{{ lt .L .L }}', ':1:3: executing "" at <lt .L .L>: error calling lt: invalid type for comparison'],
  ['{{ ne 1 }}', ':1:3: executing "" at <ne>: wrong number of args for ne: want 2 got 1'],
  ['{{ printf 1 }}', ':1:10: executing "" at <1>: expected string; found 1'],
  ['{{ .S 1 }}', ':1:3: executing "" at <.S>: S is not a method but has arguments'],
  ['{{ 1 | .S }}', ':1:7: executing "" at <.S>: S is not a method but has arguments'],
  ['{{ (1) 2 }}', `:1:3: executing "" at <(1) 2>: can't give argument to non-function 1`],
  ['{{ nil }}', ':1:3: executing "" at <nil>: nil is not a command'],
  ['{{ template "x" }}', ':1:12: executing "" at <{{template "x"}}>: template "x" not defined'],
  ['{{ range .S }}{{ end }}', ':1:9: executing "" at <.S>: range can\'t iterate over héllo'],
  [
    '{{ define "t" }}{{ .A.B }}{{ end }}{{ template "t" .M }}',
    ':1:21: executing "t" at <.A.B>: nil pointer evaluating interface {}.B',
  ],
]

test.each(ERRORS)('what goes wrong is said as Go says it: %s', (text, message) => {
  expect(() => run(text)).toThrow(
    expect.objectContaining({ name: 'GoTemplateError', message: `template: ${message}` }),
  )
})

describe('values of types of their own', () => {
  const call = goStruct({
    typeName: 'api.Call',
    fields: { Name: 'f', Arguments: goMap('api.Arguments', { b: 1, a: '<' }) },
    members: [
      ['name', 'f'],
      ['arguments', { b: 1, a: '<' }],
    ],
    isJsonText: false,
  })
  const data = { C: call, L: goList('api.Calls', [call], 'json'), None: goList('api.Calls', [], 'json') }

  test.each([
    ['{{ .C.Name }} {{ .C.Arguments }}', 'f {"a":"\\u003c","b":1}'],
    ['{{ .L }}', '[{"name":"f","arguments":{"a":"\\u003c","b":1}}]'],
    ['{{ range $k, $v := .C.Arguments }}{{ $k }}={{ $v }};{{ end }}', 'a=<;b=1;'],
    ['{{ index .C.Arguments "a" }} {{ len .C.Arguments }} {{ len .L }}', '< 2 1'],
    ['{{ .C }}', '{f {"a":"\\u003c","b":1}}'],
    ['{{ if .None }}x{{ end }}{{ .None }}', 'null'],
    ['{{ printf "%s|%v|%d" .C.Arguments .C.Name 1 }}', '{"a":"\\u003c","b":1}|f|1'],
  ])('%s', (text, output) => {
    expect(run(text, data)).toBe(output)
  })

  test('a field they do not have is an error', () => {
    expect(() => run('{{ range .L }}{{ .Nope }}{{ end }}', data)).toThrow(
      "can't evaluate field Nope in type api.Call",
    )
  })
})

test('keys that objects inherit are not there', () => {
  expect(run('{{ .constructor }}{{ .M.toString }}{{ index .M "__proto__" }}')).toBe('<no value>'.repeat(3))
})
