/** Chat templates of the tests' own, one for each shape in which models are known to write tool calls. */

export interface CallShape {
  name: string
  template: string
  /** What the template ends its turns with, cut off before the text is read. */
  end: string
  /** What the template ends the text of an answer with before calls; no grammar asks for it. */
  ending?: string
  /** Why two calls cannot be printed. */
  single?: string
  /** Why nested values are printed otherwise than the grammar has them. */
  nested?: string
  /** Why strings with quotes and the like are printed so that nobody could read them. */
  odd?: string
}

interface Parts {
  /** Around all calls, and between two. */
  open?: string
  between?: string
  close?: string
  /** The turn's own text and marks. */
  end?: string
}

const q = (text: string) => `{{ ${JSON.stringify(text)} }}`

/** A conversation in ChatML-like turns whose calls are printed as `call` says, a template for one call `c`. */
function turns(call: string, { open = '', between = '', close = '', end = '<|end|>' }: Parts = {}): string {
  const calls =
    `{% if m.tool_calls %}${q(open)}{% for c in m.tool_calls %}${call}` +
    `{% if not loop.last %}${q(between)}{% endif %}{% endfor %}${q(close)}{% endif %}`
  return (
    `{% for t in tools or [] %}{{ t | tojson }}{% endfor %}` +
    `{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}${calls}${q(end)}{% endfor %}` +
    `{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`
  )
}

const NAME = '{{ c.function.name }}'
const ARGS = '{{ c.function.arguments | tojson }}'
const ID = '{{ c.id }}'
const object = (key: string, rest = '') =>
  `${q('{"name": "')}${NAME}${q(`", "${key}": `)}${ARGS}${rest}${q('}')}`
const each = (member: string) => `{% for k, v in c.function.arguments | items %}${member}{% endfor %}`
const VALUE = '{{ v if v is string else v | tojson }}'
const PYTHON = `{% for k, v in c.function.arguments | items %}{{ k }}={{ v | tojson if v is mapping or v is string else v | string }}{% if not loop.last %}, {% endif %}{% endfor %}`

const shape = (name: string, template: string, more: Partial<CallShape> = {}): CallShape => ({
  name,
  template,
  end: '<|end|>',
  ...more,
})

const SINGLE = 'it has room for one call'

export const CALL_SHAPES: readonly CallShape[] = [
  shape('Hermes', turns(`${q('\n<tool_call>\n')}${object('arguments')}${q('\n</tool_call>')}`)),
  shape(
    'a list behind a tag, with ids',
    turns(object('arguments', `${q(', "id": "')}${ID}${q('"')}`), {
      open: '[TOOL_CALLS][',
      between: ', ',
      close: ']',
    }),
  ),
  shape('a name and arguments behind tags', turns(`${q('[TOOL_CALLS]')}${NAME}${q('[ARGS]')}${ARGS}`)),
  shape(
    'a name, an id and arguments behind tags',
    turns(`${q('[TOOL_CALLS]')}${NAME}${q('[CALL_ID]')}${ID}${q('[ARGS]')}${ARGS}`),
  ),
  shape(
    'bare JSON',
    `{% for m in messages %}{% if (m.tool_calls or []) | length > 1 %}{{ raise_exception('one call at once') }}{% endif %}{{ '<|' + m.role + '|>' + m.content }}{% for c in m.tool_calls or [] %}${object('parameters')}{% endfor %}<|end|>{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`,
    { single: SINGLE },
  ),
  shape('a bare list', turns(object('arguments'), { open: '[', between: ', ', close: ']' })),
  shape(
    'function tags around JSON',
    turns(`${q('<function=')}${NAME}${q('>')}${ARGS}${q('</function>')}`),
    {},
  ),
  shape(
    'function tags around parameter tags',
    turns(
      `${q('\n<tool_call>\n<function=')}${NAME}${q('>\n')}${each(`${q('<parameter=')}{{ k }}${q('>\n')}${VALUE}${q('\n</parameter>\n')}`)}${q('</function>\n</tool_call>')}`,
    ),
  ),
  shape(
    'parameter tags without line breaks',
    turns(
      `${q('<seed:tool_call>\n<function=')}${NAME}${q('>\n')}${each(`${q('<parameter=')}{{ k }}${q('>')}{{ v | string }}${q('</parameter>\n')}`)}${q('</function>\n</seed:tool_call>')}`,
    ),
    { nested: 'lists and objects are printed as Python prints them' },
  ),
  shape(
    'keys and values in turn',
    turns(
      `${q('\n<tool_call>')}${NAME}${q('\n')}${each(`${q('<arg_key>')}{{ k }}${q('</arg_key>\n<arg_value>')}${VALUE}${q('</arg_value>\n')}`)}${q('</tool_call>')}`,
    ),
  ),
  shape(
    'invocations in a section',
    turns(
      `${q('<invoke name="')}${NAME}${q('">\n')}${each(`${q('<parameter name="')}{{ k }}${q('">')}${VALUE}${q('</parameter>\n')}`)}${q('</invoke>\n')}`,
      { open: '\n<m:tool_call>\n', close: '</m:tool_call>' },
    ),
  ),
  shape(
    'parameters that tell strings from the rest',
    turns(
      `${q('\n<｜x｜invoke name="')}${NAME}${q('">\n')}${each(`${q('<｜x｜parameter name="')}{{ k }}" string="{{ 'true' if v is string else 'false' }}${q('">')}${VALUE}${q('</｜x｜parameter>\n')}`)}${q('</｜x｜invoke>')}`,
      { open: '\n\n<｜x｜function_calls>', close: '\n</｜x｜function_calls>' },
    ),
  ),
  shape(
    'arguments that tell their kind, in calls that are counted',
    turns(
      `${q('<|open|>call tool="')}${NAME}${q('" index="')}{{ loop.index }}${q('"<|sep|>')}${each(`${q('<|open|>argument key="')}{{ k }}" type="{% if v is string %}string{% elif v is boolean %}boolean{% elif v is none %}null{% elif v is number %}number{% elif v is mapping %}object{% else %}array{% endif %}${q('"<|sep|>')}${VALUE}${q('<|close|>argument<|sep|>')}`)}${q('<|close|>call<|sep|>')}`,
      { open: '<|open|>tools<|sep|>', close: '<|close|>tools<|sep|>' },
    ),
  ),
  shape(
    'special tokens around JSON in a fence',
    turns(
      `${q('<｜call▁begin｜>function<｜sep｜>')}${NAME}${q('\n```json\n')}${ARGS}${q('\n```<｜call▁end｜>')}`,
      {
        open: '<｜calls▁begin｜>',
        between: '\n',
        close: '<｜calls▁end｜>',
      },
    ),
  ),
  shape(
    'actions in a list, with numbers for ids',
    turns(
      `${q('\n    {"tool_call_id": "')}{{ loop.index0 }}${q('", "tool_name": "')}${NAME}${q('", "parameters": ')}${ARGS}${q('}')}`,
      { open: '<|START_ACTION|>[', between: ',', close: '\n]<|END_ACTION|>' },
    ),
  ),
  shape(
    'a list behind a special token',
    turns(object('arguments'), { open: '<|tool_call|>[', between: ', ', close: ']' }),
  ),
  shape(
    'a list behind a word',
    turns(object('arguments'), { open: ' functools[', between: ', ', close: ']' }),
  ),
  shape(
    'a list between tags',
    turns(object('arguments'), { open: '<TOOLCALL>[', between: ', ', close: ']</TOOLCALL>' }),
  ),
  shape(
    'objects keyed by the name',
    turns(`${q('{"')}${NAME}${q('": ')}${ARGS}${q('}')}`, {
      open: '<|tools_prefix|>[',
      between: ', ',
      close: ']<|tools_suffix|>',
    }),
  ),
  shape(
    'a section with ids that hold the name',
    turns(
      `${q('<|call_begin|>functions.')}${NAME}:{{ loop.index0 }}${q('<|argument_begin|>')}${ARGS}${q('<|call_end|>')}`,
      { open: '<|section_begin|>', close: '<|section_end|>' },
    ),
  ),
  shape(
    'ids of the model before the name',
    turns(
      `${q('<|tool_call:begin|>')}${ID}${q('<|tool_call:name|>')}${NAME}${q('<|tool_call:args|>')}${ARGS}${q('<|tool_call:end|>')}`,
      { open: '<|tool_calls|>' },
    ),
  ),
  shape(
    'Python calls in a list between tags',
    turns(`${NAME}(${PYTHON})`, { open: '<|tool_call_start|>[', between: ', ', close: ']<|tool_call_end|>' }),
    { nested: 'lists are printed as Python prints them' },
  ),
  shape(
    'a bare list of Python calls',
    turns(`${NAME}(${PYTHON})`, { open: '[', between: ', ', close: ']' }),
    {
      nested: 'lists are printed as Python prints them',
    },
  ),
  shape(
    'Python calls on lines of their own',
    turns(`${NAME}(${PYTHON})`, { open: '<function_calls>\n', between: '\n', close: '\n</function_calls>' }),
    { nested: 'lists are printed as Python prints them' },
  ),
  shape(
    'quotes of the model itself',
    `{%- macro val(v) -%}{%- if v is string -%}{{ '<|"|>' + v + '<|"|>' }}{%- elif v is mapping -%}{{ '{' }}{% for k, x in v | items %}{{ k }}:{{ val(x) }}{% if not loop.last %},{% endif %}{% endfor %}{{ '}' }}{%- elif v is iterable -%}[{% for x in v %}{{ val(x) }}{% if not loop.last %},{% endif %}{% endfor %}]{%- else -%}{{ v | tojson }}{%- endif -%}{%- endmacro -%}` +
      turns(`${q('<|tool_call>call:')}${NAME}{{ val(c.function.arguments) }}${q('<tool_call|>')}`),
    { nested: 'keys are printed without quotes' },
  ),
  shape(
    'arguments as a string of JSON',
    turns(
      `${q('<tool>{"name": "')}${NAME}${q('", "arguments": ')}{{ c.function.arguments | tojson | tojson }}${q('}</tool>')}`,
    ),
    { nested: 'a string of JSON is no place for a grammar' },
  ),
  shape('the shape of the OpenAI API', turns(`${q('<call>')}{{ c | tojson }}${q('</call>')}`)),
  shape(
    'keys nobody has heard of',
    turns(`${q('<do>{"action": "')}${NAME}${q('", "input": ')}${ARGS}${q('}</do>')}`),
  ),
  shape(
    'another turn for the call',
    `{% for m in messages %}{{ m.role + '<|sep|>\n' + m.content + '<|over|>\n' }}{% if m.tool_calls %}{% set c = m.tool_calls[0] %}${q('function call<|sep|>\n')}${object('arguments')}${q('<|over|>\n')}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant<|sep|>\n' }}{% endif %}`,
    { single: SINGLE, end: '<|over|>\n', ending: '<|over|>\n' },
  ),
  shape(
    'another end of the turn after calls',
    `{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% for c in m.tool_calls or [] %}${q('<function=')}${NAME}${q('>')}${ARGS}${q('</function>')}{% endfor %}{{ '<|eom|>' if m.tool_calls else '<|eot|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`,
    { end: '<|eom|>' },
  ),
]
