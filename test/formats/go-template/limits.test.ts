import { expect, test } from 'vitest'
import { executeGoTemplate } from '../../../formats/go-template/execute.ts'
import { parseGoTemplate } from '../../../formats/go-template/parse.ts'

const deep = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
const DATA = { L: Array.from({ length: 3000 }, () => 'x'), S: 'x'.repeat(1_000_000), Deep: deep(1000) }

test.each([
  ['endless loops', '{{ range 9000000000 }}{{ end }}', 'stopped after 2000000 steps'],
  ['loops in loops', '{{ range .L }}{{ range $.L }}{{ range $.L }}x{{ end }}{{ end }}{{ end }}', 'steps'],
  ['a text that doubles', `{{ $x := .S }}${'{{ $x = print $x $x }}'.repeat(30)}`, 'characters of text'],
  ['an endless output', '{{ range .L }}{{ $.S }}{{ end }}', 'characters of text'],
  ['a wide number', '{{ printf "%999999999d" 1 }}', 'characters of text'],
  [
    'a template that calls itself',
    '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
    'depth of 500',
  ],
  [
    'one that calls itself twice',
    '{{ define "a" }}{{ template "a" . }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
    'depth of 500',
  ],
  ['long texts measured again and again', '{{ range 9000000 }}{{ $x := len $.S }}{{ end }}', 'steps'],
  ['a value nested too deeply', '{{ .Deep }}', 'nested too deeply'],
  ['its JSON', '{{ json .Deep }}', 'nested too deeply'],
])(
  'a template with %s ends quickly with an error',
  (_name, text, message) => {
    const template = parseGoTemplate(text)
    const start = performance.now()
    expect(() => executeGoTemplate(template, DATA, new Date(0))).toThrow(
      expect.objectContaining({ name: 'GoTemplateLimit', message: expect.stringContaining(message) }),
    )
    expect(performance.now() - start).toBeLessThan(10_000)
  },
  30_000,
)

test('ten thousand turns are within the bounds', () => {
  const messages = Array.from({ length: 10_000 }, (_, at) => ({
    Role: at % 2 ? 'assistant' : 'user',
    Content: 'Hello',
  }))
  const template = parseGoTemplate(
    '{{ range $i, $_ := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}' +
      '{{ if eq .Role "user" }}U:{{ .Content }}{{ else if eq .Role "assistant" }}A:{{ .Content }}{{ end }}' +
      '{{ if $last }}!{{ end }}{{ end }}',
  )
  const text = executeGoTemplate(template, { Messages: messages }, new Date(0))
  expect([text.length, text.endsWith('A:Hello!')]).toEqual([70_001, true])
})
