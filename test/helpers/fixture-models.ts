import { array, bool, f32, type GgufTensor, type GgufValue, str, u32 } from './gguf.ts'

/**
 * The models of the conformance cases. Where the cases name a template in Go syntax, the weights carry a
 * Jinja template with the same effect.
 */
export interface FixtureModel {
  /** Keys laid over those of the small llama; undefined takes a key away. */
  metadata?: Record<string, GgufValue | undefined>
  tensors?: readonly GgufTensor[]
  /** The Jinja template of the weights. */
  chatTemplate?: string
  /** Keys laid over those of the config blob. */
  config?: Record<string, unknown>
  /** The layers beside the weights. */
  goTemplate?: string
  system?: string
  parameters?: Record<string, unknown>
  /** As Ollama stores them: the keys of its API. */
  messages?: readonly Record<string, unknown>[]
  licenses?: readonly string[]
  /** A second GGUF, as vision models have. */
  projector?: Record<string, GgufValue>
  /** A stub of a remote model has none. */
  weights?: false
}

/** The template the conformance cases call T1. */
export const T1 =
  '{{ if .System }}S:{{ .System }} {{ end }}{{ if .Prompt }}U:{{ .Prompt }} {{ end }}{{ .Response }}'

const LEGACY = `{%- for message in messages -%}
  {%- if message.role == 'system' %}{{ 'S:' + message.content + ' ' }}
  {%- elif message.role == 'user' %}{{ 'U:' + message.content + ' ' }}
  {%- elif message.role == 'assistant' %}{{ message.content }}{% endif -%}
{%- endfor -%}`

const turns = (before: string, after: string) =>
  `${before}{%- for message in messages -%}{{ '[' + message.role + '] ' }}${after}{{ '\\n' }}{%- endfor -%}`

const PRINT_TOOLS = `{%- if tools -%}{{ tools | tojson + '\\n' }}{%- endif -%}`

const printCalls = (open: string, close: string, argumentsKey: string) =>
  `{{ message.content }}{%- for call in message.tool_calls or [] -%}` +
  `{{ '${open}{"name": ' + (call.function.name | tojson) + ', "${argumentsKey}": ' ` +
  `+ (call.function.arguments | tojson) + '}${close}' }}{%- endfor -%}`

const THINKING = `{%- if message.reasoning_content -%}
{{ '<think>' + message.reasoning_content + '</think>' }}{%- endif -%}{{ message.content }}`

const CHATML = `{%- for message in messages -%}
  {%- if message.role == 'system' and not loop.first -%}
    {{- raise_exception('System message must be at the beginning.') -}}
  {%- endif -%}
{%- endfor -%}
{%- set has_system = messages and messages[0].role == 'system' -%}
{%- if tools -%}
  {{- '<|im_start|>system\\n' -}}
  {%- if has_system -%}{{- messages[0].content + '\\n\\n' -}}{%- endif -%}
  {{- '# Tools\\n' -}}
  {%- for tool in tools -%}{{- (tool | tojson) + '\\n' -}}{%- endfor -%}
  {{- '<|im_end|>\\n' -}}
{%- elif has_system -%}
  {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
  {%- if message.role == 'assistant' -%}
    {%- set content = message.content if message.content is string else '' -%}
    {{- '<|im_start|>assistant\\n' -}}
    {%- if message.reasoning_content -%}
      {{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' -}}
    {%- endif -%}
    {{- content.split('</think>')[-1].lstrip('\\n') -}}
    {%- for call in message.tool_calls or [] -%}
      {{- '\\n<tool_call>\\n{"name": ' + (call.function.name | tojson) + ', "arguments": ' -}}
      {{- (call.function.arguments | tojson) + '}\\n</tool_call>' -}}
    {%- endfor -%}
    {{- '<|im_end|>\\n' -}}
  {%- elif message.role == 'tool' -%}
    {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' -}}
  {%- elif message.role != 'system' -%}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<|im_start|>assistant\\n' -}}
  {%- if enable_thinking is defined and not enable_thinking -%}
    {{- '<think>\\n\\n</think>\\n\\n' -}}
  {%- endif -%}
{%- endif -%}`

const goTurns = (before: string, content: string) =>
  `${before}{{ range .Messages }}[{{ .Role }}] ${content}\n{{ end }}`

const GO_TOOLS = '{{ if .Tools }}{{ .Tools }}\n{{ end }}'

const goCalls = (open: string, close: string, argumentsKey: string) =>
  `{{ .Content }}{{ if .ToolCalls }}{{ range .ToolCalls }}${open}{"name": "{{ .Function.Name }}", ` +
  `"${argumentsKey}": {{ .Function.Arguments }}}${close}{{ end }}{{ end }}`

const GO_THINKING = '{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}'

const TOKENS = ['<unk>', '<s>', '</s>', '<P>', '<S>', '<M>', '\u2581hello', '\u2581world']

/** A llama small enough to be written in a millisecond, complete enough to be read as any other. */
export const SMALL_LLAMA: Record<string, GgufValue> = {
  'general.architecture': str('llama'),
  'general.name': str('Fixture'),
  'general.file_type': u32(2),
  'llama.context_length': u32(8192),
  'llama.embedding_length': u32(32),
  'llama.block_count': u32(1),
  'llama.feed_forward_length': u32(64),
  'llama.attention.head_count': u32(4),
  'llama.attention.head_count_kv': u32(2),
  'llama.attention.layer_norm_rms_epsilon': f32(1e-5),
  'llama.rope.dimension_count': u32(8),
  'llama.vocab_size': u32(TOKENS.length),
  'tokenizer.ggml.model': str('llama'),
  'tokenizer.ggml.tokens': array('string', TOKENS),
  'tokenizer.ggml.scores': array(
    'float32',
    TOKENS.map(() => 0),
  ),
  'tokenizer.ggml.token_type': array(
    'int32',
    TOKENS.map((_, id) => (id < 6 ? 3 : 1)),
  ),
  'tokenizer.ggml.bos_token_id': u32(1),
  'tokenizer.ggml.eos_token_id': u32(2),
  'tokenizer.ggml.add_bos_token': bool(true),
}

export const SMALL_TENSORS: readonly GgufTensor[] = [
  { name: 'token_embd.weight', type: 'Q4_0', shape: [32, TOKENS.length] },
  { name: 'output_norm.weight', type: 'F32', shape: [32] },
  { name: 'blk.0.attn_q.weight', type: 'Q4_0', shape: [32, 32] },
  { name: 'blk.0.attn_k.weight', type: 'Q4_0', shape: [32, 16] },
  { name: 'blk.0.attn_v.weight', type: 'Q4_0', shape: [32, 16] },
  { name: 'blk.0.ffn_up.weight', type: 'Q4_0', shape: [32, 64] },
]

const tool: FixtureModel = {
  chatTemplate: turns(PRINT_TOOLS, printCalls('<tool_call>\\n', '\\n</tool_call>', 'arguments')),
}
const tiny: FixtureModel = { chatTemplate: LEGACY }

/** An encoder; `pooling` as GGUF numbers it. */
const bert = (pooling: number): FixtureModel => ({
  metadata: {
    'general.architecture': str('bert'),
    'bert.context_length': u32(512),
    'bert.embedding_length': u32(4),
    'bert.block_count': u32(1),
    'bert.attention.head_count': u32(2),
    'bert.pooling_type': u32(pooling),
  },
})

export const FIXTURE_MODELS = {
  /** Printed turn by turn, as T1 does. */
  tiny,
  tinysys: { ...tiny, system: 'M' },
  /** `[role] content`, one line a message. */
  msg: { chatTemplate: turns('', '{{ message.content }}') },
  /** ChatML with tools and thinking; refuses a system message that is not the first. */
  jinja: { chatTemplate: CHATML },
  bert: bert(1),
  /** Compares a query with documents. */
  rank: bert(4),
  /** Names its fill-in-middle tokens; the template prints contents and nothing else. */
  fim: {
    chatTemplate: '{%- for message in messages -%}{{ message.content }}{%- endfor -%}',
    metadata: {
      'tokenizer.ggml.fim_pre_token_id': u32(3),
      'tokenizer.ggml.fim_suf_token_id': u32(4),
      'tokenizer.ggml.fim_mid_token_id': u32(5),
    },
  },
  tool,
  /** Calls are bare JSON, no tag around them. */
  bare: { chatTemplate: turns(PRINT_TOOLS, printCalls('', '', 'parameters')) },
  think: { chatTemplate: turns('', THINKING) },
  /** The prompt ends inside a thought. */
  thinkopen: {
    chatTemplate: `${turns('', THINKING)}{%- if add_generation_prompt -%}{{ '<think>' }}{%- endif -%}`,
  },
  img: { ...tiny, config: { capabilities: ['image'] } },
  vision: { ...tiny, metadata: { 'llama.vision.block_count': u32(1) } },
  /** Sees through a projector in a file of its own. */
  projector: {
    ...tiny,
    projector: {
      'general.architecture': str('clip'),
      'general.type': str('mmproj'),
      'clip.has_vision_encoder': bool(true),
      'clip.vision.block_count': u32(1),
    },
  },
  big: { ...tiny, metadata: { 'llama.context_length': u32(262_144) } },
  small: { ...tiny, metadata: { 'llama.context_length': u32(64) } },
  /** A template in Go syntax and no other. */
  go: { goTemplate: T1 },
  /** Both kinds of template. */
  both: { ...tool, goTemplate: T1 },
  gosys: { goTemplate: T1, system: 'M' },
  /** The template the cases call T2. */
  gomsg: { goTemplate: goTurns('', '{{ .Content }}') },
  gofim: {
    goTemplate: '{{ if .Suffix }}<P>{{ .Prompt }}<S>{{ .Suffix }}<M>{{ else }}{{ .Prompt }}{{ end }}',
  },
  gotool: { goTemplate: goTurns(GO_TOOLS, goCalls('<tool_call>', '</tool_call>', 'arguments')) },
  gobare: { goTemplate: goTurns(GO_TOOLS, goCalls('', '', 'parameters')) },
  gothink: { goTemplate: goTurns('', GO_THINKING) },
  /** The prompt ends inside a thought. */
  gothinkopen: { goTemplate: `${goTurns('', GO_THINKING)}<think>` },
  params: { ...tiny, parameters: { seed: 7, top_p: 0.5, stop: ['x', 'y'] } },
  /** A model of another server: config only. */
  stub: {
    weights: false,
    config: { remote_host: 'https://ollama.com:443', remote_model: 'gpt-oss:20b', model_family: 'gptoss' },
  },
} satisfies Record<string, FixtureModel>

export type FixtureName = keyof typeof FIXTURE_MODELS
