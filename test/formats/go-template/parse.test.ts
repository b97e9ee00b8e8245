import { describe, expect, test } from 'vitest'
import { parseGoTemplate } from '../../../formats/go-template/parse.ts'

/** What Go 1.26 says of each. */
const ERRORS: [text: string, message: string][] = [
  ['{{ .Prompt', 'template: :1: unclosed action'],
  ['{{ .Prompt\n\n', 'template: :3: unclosed action started at :1'],
  ['a\n{{ if .A }}b', 'template: :2: unexpected EOF'],
  ['{{ end }}', 'template: :1: unexpected {{end}}'],
  ['{{ else }}', 'template: :1: unexpected {{else}}'],
  ['{{ if .A }}{{ else }}{{ else }}{{ end }}', 'template: :1: expected end; found {{else}}'],
  ['{{ }}', 'template: :1: missing value for command'],
  ['{{ if }}{{ end }}', 'template: :1: missing value for if'],
  ['{{ foo }}', 'template: :1: function "foo" not defined'],
  ['{{ $x }}', 'template: :1: undefined variable "$x"'],
  ['{{ if .A }}{{ $x := 1 }}{{ end }}{{ $x }}', 'template: :1: undefined variable "$x"'],
  ['{{ "a }}', 'template: :1: unterminated quoted string'],
  ["{{ 'a }}", 'template: :1: unterminated character constant'],
  ['{{ `a }}', 'template: :1: unterminated raw quoted string'],
  ['{{ "\\q" }}', 'template: :1: invalid syntax'],
  ['{{/* a', 'template: :1: unclosed comment'],
  ['{{/* a */ b }}', 'template: :1: comment ends before closing delimiter'],
  ['{{ (1 }}', 'template: :1: unclosed left paren'],
  ['{{ 1) }}', 'template: :1: unexpected right paren'],
  ['{{ 1 | 2 }}', 'template: :1: non executable command in pipeline stage 2'],
  ['{{ 1.A }}', 'template: :1: bad number syntax: "1.A"'],
  ['{{ "a".A }}', 'template: :1: unexpected . after term "\\"a\\""'],
  ['{{ .A, .B }}', 'template: :1: unexpected "," in operand'],
  ['{{ $a, $b := 1 }}', 'template: :1: too many declarations in command'],
  ['{{ range $a, 1 := .A }}{{ end }}', 'template: :1: range can only initialize variables'],
  ['{{ break }}', 'template: :1: {{break}} outside {{range}}'],
  ['{{ if .A }}{{ continue }}{{ end }}', 'template: :1: {{continue}} outside {{range}}'],
  ['{{ 99999999999999999999 }}', 'template: :1: integer overflow: "99999999999999999999"'],
  ['{{ 0x }}', 'template: :1: illegal number syntax: "0x"'],
  ['{{ 5a }}', 'template: :1: bad number syntax: "5a"'],
  ['{{ .A% }}', "template: :1: bad character U+0025 '%'"],
  ['{{ é% }}', "template: :1: bad character U+0025 '%'"],
  ['{{ \u0001 }}', 'template: :1: unrecognized character in action: U+0001'],
  ['{{ a : b }}', 'template: :1: function "a" not defined'],
  ['{{ .A : b }}', 'template: :1: expected :='],
  ['{{ template }}', 'template: :1: unexpected "}}" in template clause'],
  ['{{ template "a" "b" "c" }}{{ end }}', 'template: :1: unexpected {{end}}'],
  ['{{ define "a" }}', 'template: :1: unexpected EOF'],
  ['{{ define "a" }}{{ else }}{{ end }}', 'template: :1: unexpected {{else}} in define clause'],
  [
    '{{ define "a" }}x{{ end }}{{ define "a" }}y{{ end }}',
    'template: :1: template: multiple definition of template "a"',
  ],
  ['{{ if .A }}{{ define "a" }}{{ end }}{{ end }}', 'template: :1: unexpected <define> in command'],
  ['{{ .abcdefghijklmnop"" }}', "template: :1: bad character U+0022 '\"'"],
  ['{{ print "abcdefghijklmnop""" }}', 'template: :1: unexpected "\\"\\"" in operand'],
]

describe('what is wrong with a template is said as Go says it', () => {
  test.each(ERRORS)('%j', (text, message) => {
    expect(() => parseGoTemplate(text)).toThrow(expect.objectContaining({ name: 'GoTemplateError', message }))
  })
})

test.each([
  ['{{ 1i }}'],
  ['{{ 1_000 0x1F 0b1 0o7 017 1e3 .5 0x1p4 }}{{ 1+2i }}'],
  ["{{ 'a' '\\n' '\\u00e9' }}"],
  ['{{- /* comment */ -}}'],
  ['{{ define "a" }} {{ end }}{{ define "a" }}x{{ end }}'],
  ['{{ block "a" . }}x{{ end }}{{ template "a" }}'],
  ['{{ range $i, $v := .A }}{{ if $i }}{{ break }}{{ else }}{{ continue }}{{ end }}{{ else }}{{ end }}'],
])('a template that Go takes is taken: %s', (text) => {
  expect(parseGoTemplate(text).text).toBe(text)
})

describe('bounds', () => {
  const repeated = (text: string, count: number) => text.repeat(count)

  test.each([
    ['a text that is too long', repeated('x', 300_000), 'longer than 262144 characters'],
    ['blocks too deep', repeated('{{ if .A }}', 10_000), 'nested deeper than 200 levels'],
    ['parentheses too deep', `{{ ${repeated('(', 100_000)}`, 'nested deeper than 200 levels'],
    ['a chain of else if', `{{ if .A }}${repeated('{{ else if .A }}', 10_000)}`, 'nested deeper'],
    ['definitions too deep', repeated('{{ block "a" . }}', 10_000), 'nested deeper than 200 levels'],
    ['too many variables', repeated('{{ $x := 1 }}', 10_000), 'more than 1000 variables'],
  ])('%s is refused', (_name, text, message) => {
    expect(() => parseGoTemplate(text)).toThrow(message)
  })

  test.each([
    ['text', 'x'],
    ['actions', '{{.}}'],
    ['spaces in front of a trimming action', ' '],
    ['comments', '{{/**/}}'],
    ['lines', '\n'],
    ['constants', '{{"\\n"}}'],
    ['fields', '{{.a.b.c.d.e.f}}'],
  ])(
    'a long run of %s is parsed in no time',
    (_name, unit) => {
      const text = `${repeated(unit, Math.floor(250_000 / unit.length))}{{- . }}`
      const start = performance.now()
      parseGoTemplate(text)
      // Any square of the length would take minutes.
      expect(performance.now() - start).toBeLessThan(10_000)
    },
    30_000,
  )
})
