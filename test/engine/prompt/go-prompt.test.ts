import { describe, expect, test } from 'vitest'
import { compileGoTemplate } from '../../../engine/prompt/go-compile.ts'
import { goThinkingTags } from '../../../engine/prompt/go-thinking.ts'
import { goToolCallFormat } from '../../../engine/prompt/go-tool-calls.ts'
import { chatPrompt, generatePrompt } from '../../../engine/prompt/job-prompt.ts'
import type { InstalledModel } from '../../../engine/store/types.ts'
import type { ChatJob, GenerateJob, Message, Tool } from '../../../engine/types.ts'
import { chatJob, generateJob, model, say } from './jobs.ts'

const NOW = new Date(2026, 0, 2)
const W: Tool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather',
    parameters: {
      type: 'object',
      properties: {
        unit: { type: ['string', 'null'], enum: ['C', 'F'], description: 'Unit' },
        city: { description: 'A <city>', type: 'string' },
      },
      required: ['city'],
      additionalProperties: false,
    },
  },
}
const TOOL_TALK: Message[] = [
  say('system', 'Be kind.'),
  say('user', 'Weather?'),
  {
    role: 'assistant',
    content: '',
    toolCalls: [{ id: 'c1', name: 'get_weather', arguments: { city: 'Paris' } }],
  },
  { role: 'tool', content: '11', toolCallId: 'c1' },
]

const installed = (goTemplate: string, fields: Partial<InstalledModel> = {}) =>
  model({}, { goTemplate, templatePath: 'go', ...fields })
const chat = (goTemplate: string, messages: Message[], fields: Partial<ChatJob> = {}) =>
  chatPrompt(chatJob(installed(goTemplate), messages, fields), NOW).text
const generate = (goTemplate: string, prompt: string, fields: Partial<GenerateJob> = {}) =>
  generatePrompt(generateJob(installed(goTemplate), prompt, fields), NOW).text

/** The shapes of templates that the models of the public library have. */
const CHATML = `{{- if or .System .Tools }}<|im_start|>system
{{ .System }}
{{- if .Tools }}

# Tools
<tools>
{{- range .Tools }}
{"type": "function", "function": {{ .Function }}}
{{- end }}
</tools>
{{- end }}<|im_end|>
{{ end }}
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 -}}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ if .Content }}{{ .Content }}
{{- else if .ToolCalls }}<tool_call>
{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
{{ end }}</tool_call>
{{- end }}{{ if not $last }}<|im_end|>
{{ end }}
{{- else if eq .Role "tool" }}<|im_start|>user
<tool_response>
{{ .Content }}
</tool_response><|im_end|>
{{ end }}
{{- if and (ne .Role "assistant") $last }}<|im_start|>assistant
{{ end }}
{{- end }}`

const LLAMA3 = `<|start_header_id|>system<|end_header_id|>

{{ if .Tools }}Answer calls with results in mind.{{ end }}{{ .System }}<|eot_id|>
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 }}
{{- if eq .Role "user" }}<|start_header_id|>user<|end_header_id|>
{{- if and $.Tools $last }}

{{ range $.Tools }}
{{- . }}
{{ end }}
{{ .Content }}<|eot_id|>
{{- else }}

{{ .Content }}<|eot_id|>
{{- end }}{{ if $last }}<|start_header_id|>assistant<|end_header_id|>

{{ end }}
{{- else if eq .Role "assistant" }}<|start_header_id|>assistant<|end_header_id|>
{{- if .ToolCalls }}
{{ range .ToolCalls }}
{"name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }}}{{ end }}
{{- else }}

{{ .Content }}
{{- end }}{{ if not $last }}<|eot_id|>{{ end }}
{{- else if eq .Role "tool" }}<|start_header_id|>ipython<|end_header_id|>

{{ .Content }}<|eot_id|>{{ if $last }}<|start_header_id|>assistant<|end_header_id|>

{{ end }}
{{- end }}
{{- end }}`

const MISTRAL = `{{- range $index, $_ := .Messages }}
{{- if eq .Role "user" }}
{{- if and (le (len (slice $.Messages $index)) 2) $.Tools }}[AVAILABLE_TOOLS] {{ $.Tools }}[/AVAILABLE_TOOLS]
{{- end }}[INST] {{ if and (eq (len (slice $.Messages $index)) 1) $.System }}{{ $.System }}

{{ end }}{{ .Content }}[/INST]
{{- else if eq .Role "assistant" }}
{{- if .Content }} {{ .Content }}</s>
{{- else if .ToolCalls }}[TOOL_CALLS] [
{{- range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
{{- end }}]</s>
{{- end }}
{{- else if eq .Role "tool" }}[TOOL_RESULTS] {"content": {{ .Content }}}[/TOOL_RESULTS]
{{- end }}
{{- end }}`

const GEMMA = `{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 }}
{{- if or (eq .Role "user") (eq .Role "system") }}<start_of_turn>user
{{ .Content }}<end_of_turn>
{{ if $last }}<start_of_turn>model
{{ end }}
{{- else if eq .Role "assistant" }}<start_of_turn>model
{{ .Content }}{{ if not $last }}<end_of_turn>
{{ end }}
{{- end }}
{{- end }}`

const DEEPSEEK = `{{- if .System }}{{ .System }}{{ end }}
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1}}
{{- if eq .Role "user" }}<User>{{ .Content }}
{{- else if eq .Role "assistant" }}<Assistant>
{{- if and $.IsThinkSet (and $last .Thinking) -}}
<think>
{{ .Thinking }}
</think>
{{- end }}{{ .Content }}{{- if not $last }}<End>{{- end }}
{{- end }}
{{- if and $last (ne .Role "assistant") }}<Assistant>
{{- if and $.IsThinkSet (not $.Think) -}}
<think>

</think>

{{ end }}
{{- end -}}
{{- end }}`

const LEGACY = `{{ if .System }}<|system|>
{{ .System }}</s>
{{ end }}{{ if .Prompt }}<|user|>
{{ .Prompt }}</s>
{{ end }}<|assistant|>
{{ .Response }}</s>
`

const TALK = [say('system', 'S'), say('user', 'a'), say('assistant', 'b'), say('user', 'c')]

describe('the prompt of a conversation', () => {
  test.each([
    [
      'ChatML',
      CHATML,
      '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n' +
        '<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n',
    ],
    [
      'Llama 3',
      LLAMA3,
      '<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n' +
        'a<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nb<|eot_id|>' +
        '<|start_header_id|>user<|end_header_id|>\n\nc<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    ],
    ['Mistral', MISTRAL, '[INST] a[/INST] b</s>[INST] S\n\nc[/INST]'],
    [
      'Gemma',
      GEMMA,
      '<start_of_turn>user\nS<end_of_turn>\n<start_of_turn>user\na<end_of_turn>\n<start_of_turn>model\n' +
        'b<end_of_turn>\n<start_of_turn>user\nc<end_of_turn>\n<start_of_turn>model\n',
    ],
    ['DeepSeek', DEEPSEEK, 'S<User>a<Assistant>b<End><User>c<Assistant>'],
    [
      'older templates',
      LEGACY,
      '<|system|>\nS</s>\n<|user|>\na</s>\n<|assistant|>\nb</s>\n<|user|>\nc</s>\n<|assistant|>\n',
    ],
  ])('by the template of %s', (_name, template, prompt) => {
    expect(chat(template, TALK)).toBe(prompt)
  })

  test('an answer that is to be gone on with is left open', () => {
    expect(chat(CHATML, [say('user', 'a'), say('assistant', 'Sure,')])).toMatch(/assistant\nSure,$/)
    expect(chat(LEGACY, [say('user', 'a'), say('assistant', 'Sure,')])).toMatch(/<\|assistant\|>\nSure,$/)
  })

  test('the system text is there as a field too, all of it', () => {
    const messages = [say('system', 'a'), say('user', 'u'), say('system', 'b')]
    expect(chat('{{ .System }}{{ range .Messages }}[{{ .Role }}]{{ end }}', messages)).toBe(
      'a\n\nb[system][user][system]',
    )
  })

  test('a template that names neither messages nor an answer gets the answer at its end', () => {
    expect(chat('<{{ .Prompt }}>', [say('user', 'a'), say('assistant', 'b'), say('user', 'c')])).toBe(
      '<a>b<c>',
    )
  })
})

describe('tools', () => {
  const FUNCTION =
    '{"name":"get_weather","description":"The weather","parameters":{"type":"object","required":["city"],' +
    '"properties":{"city":{"type":"string","description":"A \\u003ccity\\u003e"},' +
    '"unit":{"type":["string","null"],"description":"Unit","enum":["C","F"]}},"additionalProperties":false}}'

  test('calls and results are written as the template says', () => {
    expect(chat(CHATML, TOOL_TALK, { tools: [W] })).toBe(
      `<|im_start|>system\nBe kind.\n\n# Tools\n<tools>\n{"type": "function", "function": ${FUNCTION}}\n` +
        '</tools><|im_end|>\n<|im_start|>user\nWeather?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n' +
        '{"name": "get_weather", "arguments": {"city":"Paris"}}\n</tool_call><|im_end|>\n' +
        '<|im_start|>user\n<tool_response>\n11\n</tool_response><|im_end|>\n<|im_start|>assistant\n',
    )
    expect(chat(MISTRAL, TOOL_TALK, { tools: [W] })).toBe(
      '[INST] Weather?[/INST][TOOL_CALLS] [{"name": "get_weather", "arguments": {"city":"Paris"}}]</s>' +
        '[TOOL_RESULTS] {"content": 11}[/TOOL_RESULTS]',
    )
  })

  test.each([
    ['{{ range .Tools }}{{ . }}{{ end }}', `{"type":"function","function":${FUNCTION}}`],
    ['{{ range .Tools }}{{ json . }}{{ end }}', `{"type":"function","function":${FUNCTION}}`],
    ['{{ .Tools }}', `[{"type":"function","function":${FUNCTION}}]`],
    [
      '{{ range .Tools }}{{ .Type }} {{ .Function.Name }}: {{ .Function.Description }}{{ end }}',
      'function get_weather: The weather',
    ],
    [
      '{{ range .Tools }}{{ range $name, $p := .Function.Parameters.Properties }}{{ $name }}: ' +
        '{{ $p.Type }} = {{ toTypeScriptType $p }}; {{ $p.Description }} {{ $p.Enum }}\n{{ end }}{{ end }}',
      'city: string = string; A <city> []\nunit: [string null] = string | null; Unit [C F]\n',
    ],
    [
      '{{ range .Tools }}{{ .Function.Parameters.Required }}{{ len .Function.Parameters.Properties }}{{ end }}',
      '[city]2',
    ],
  ])('are seen by templates: %s', (template, text) => {
    expect(chat(`${template}{{ range .Messages }}{{ end }}`, [say('user', 'u')], { tools: [W] })).toBe(text)
  })

  test('a call and the result that answers it have their names', () => {
    const template =
      '{{ range .Messages }}{{ range .ToolCalls }}{{ .ID }} {{ .Function.Index }} {{ .Function.Name }}' +
      '{{ range $k, $v := .Function.Arguments }} {{ $k }}={{ $v }}{{ end }};{{ end }}' +
      '{{ .ToolName }} {{ .ToolCallID }};{{ end }}'
    expect(chat(template, TOOL_TALK.slice(2))).toBe('c1 0 get_weather city=Paris; ;get_weather c1;')
  })

  test.each([
    [
      'ChatML',
      CHATML,
      { triggers: ['<tool_call>'], close: '</tool_call>', object: { argumentsKey: 'arguments' } },
    ],
    ['Llama 3', LLAMA3, { triggers: [], close: undefined, object: { argumentsKey: 'parameters' } }],
    [
      'Mistral',
      MISTRAL,
      { triggers: ['[TOOL_CALLS]'], close: undefined, section: { close: [']'] }, separator: ', ' },
    ],
    ['no calls at all', GEMMA, { triggers: [], close: undefined, object: { argumentsKey: 'arguments' } }],
  ])('how calls are written is read off the template of %s', (_name, template, format) => {
    expect(goToolCallFormat(compileGoTemplate(template))).toMatchObject(format)
  })
})

describe('thinking', () => {
  const tags = (template: string) => goThinkingTags(compileGoTemplate(template).template)

  test.each([
    [
      '{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ end }}',
      '<think>',
      '</think>',
    ],
    [DEEPSEEK, '<think>', '</think>'],
    ['{{ range .Messages }}[T] {{ .Thinking }} [/T]{{ end }}', '[T]', '[/T]'],
    [
      '{{ range .Messages }}a{{ if .Thinking }}b{{ .Thinking }}c{{ end }}{{ if .Thinking }}d{{ .Thinking }}e{{ end }}f{{ end }}',
      'd',
      'e',
    ],
  ])('tags are what stands around thoughts: %s', (template, open, close) => {
    expect(tags(template)).toEqual({ open, close })
  })

  test.each([
    ['{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}'],
    ['{{ range .Other }}<think>{{ .Thinking }}</think>{{ end }}'],
    ['{{ range .Messages }}{{ range .ToolCalls }}<a>{{ .Thinking }}</a>{{ end }}{{ end }}'],
    ['{{ range .Messages }}{{ .Thinking }}{{ end }}'],
  ])('where they cannot be read off there are none: %s', (template) => {
    expect(tags(template)).toBeUndefined()
  })

  test.each([
    [undefined, 'true true medium'],
    [true, 'true true medium'],
    [false, 'false true '],
    ['high', 'true true high'],
  ] as const)('a template is told what the job says: %s', (think, text) => {
    const template = '{{ .Think }} {{ .IsThinkSet }} {{ .ThinkLevel }}{{ range .Messages }}{{ end }}'
    const thinker = installed(template, { capabilities: ['completion', 'thinking'] })
    const job = chatJob(thinker, [say('user', 'u')], think === undefined ? {} : { think })
    expect(chatPrompt(job, NOW).text).toBe(text)
  })

  test('a model that does not think is told nothing', () => {
    expect(chat('{{ .Think }} {{ .IsThinkSet }}{{ range .Messages }}{{ end }}', [say('user', 'u')])).toBe(
      'false false',
    )
  })
})

describe('a completion', () => {
  test('cuts the template behind the answer, wherever that stands', () => {
    expect(generate('a{{ .Prompt }}b{{ .Response }}c{{ if .Prompt }}d{{ end }}', 'P')).toBe('aPb')
    expect(generate('a{{ if .Prompt }}{{ .Prompt }}{{ .Response }}b{{ else }}c{{ end }}d', 'P')).toBe('aP')
    expect(generate('{{ if .Response }}x{{ end }}a{{ print .Response "y" }}b', 'P')).toBe('a')
  })

  test('a template of the request wins over both of the model', () => {
    const both = model({ chatTemplate: 'jinja' }, { goTemplate: 'go', templatePath: 'jinja' })
    const job = generateJob(both, 'P', { template: '<{{ .Prompt }}>', system: 'S' })
    expect(generatePrompt(job, NOW).text).toBe('<P>')
  })

  test('a gap goes by the tokens of the weights where the template has no place for it', () => {
    const marks = { prefix: '<P>', suffix: '<S>', middle: '<M>' }
    const job = (goTemplate: string) =>
      generateJob(model({ fillInMiddle: marks }, { goTemplate, templatePath: 'go' }), 'a', { suffix: 'b' })
    expect(generatePrompt(job('{{ .Prompt }}'), NOW).text).toBe('<P>a<S>b<M>')
    expect(generatePrompt(job('{{ .Prompt }}|{{ .Suffix }}'), NOW).text).toBe('a|b')
  })

  test('the date is that of the job', () => {
    expect(generate('{{ currentDate }} {{ .Prompt }}', 'P')).toBe('2026-01-02 P')
  })
})
