/** Chat templates of the tests' own, each with one habit of templates that models ship with. */

/** Prints every message; the conformance cases' template T2, with tools. */
export const PLAIN = `{%- for m in messages %}{{ '[' + m.role + '] ' + m.content + '\\n' }}{% endfor -%}
{%- if add_generation_prompt %}{{ '[assistant] ' }}{% endif -%}`

/** A leading system message only. */
export const SYSTEM_FIRST = `{%- for m in messages -%}
{%- if m.role == 'system' and not loop.first %}{{ raise_exception('System message must be at the beginning.') }}{% endif -%}
{{ '[' + m.role + '] ' + m.content + '\\n' }}
{%- endfor -%}`

/** No system message, and turns that alternate. */
export const STRICT = `{{ bos_token }}
{%- if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif -%}
{%- for m in messages -%}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif -%}
{{ '[' + m.role + '] ' + m.content + eos_token + '\\n' }}
{%- endfor -%}`

/** Hermes tags around calls, thoughts in think tags, ChatML turns. */
export const HERMES = `{%- if tools %}{{ 'Tools:' }}{% for t in tools %}{{ ' ' + (t | tojson) }}{% endfor %}{{ '\\n' }}{% endif -%}
{%- for m in messages -%}
{{ '<|im_start|>' + m.role + '\\n' }}
{%- if m.reasoning_content %}{{ '<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' }}{% endif -%}
{%- if m.role == 'tool' %}{{ '<tool_response>' + m.name + ': ' + m.content + '</tool_response>' }}{% else %}{{ m.content }}{% endif -%}
{%- for c in m.tool_calls or [] %}{{ '\\n<tool_call>\\n{"name": "' + c.function.name + '", "arguments": ' + (c.function.arguments | tojson) + '}\\n</tool_call>' }}{% endfor -%}
{{ '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and not enable_thinking %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif -%}
{%- endif -%}`

/** Opens every thought itself. */
export const REASONER = `{%- for m in messages %}{{ '<' + m.role + '>' + m.content.split('</think>')[-1] }}{% endfor -%}
{%- if add_generation_prompt %}{{ '<assistant><think>\\n' }}{% endif -%}`

/** Bare JSON calls, one a turn, results as another role. */
export const LLAMA = `{%- for m in messages -%}
{%- if m.tool_calls -%}
{%- if m.tool_calls | length != 1 %}{{ raise_exception('Only one call at once!') }}{% endif -%}
{{ '<assistant>' + '{"name": "' + m.tool_calls[0].function.name + '", "parameters": ' + (m.tool_calls[0].function.arguments | tojson) + '}' }}
{%- elif m.role == 'tool' %}{{ '<ipython>' + m.content }}
{%- else %}{{ '<' + m.role + '>' + m.content }}{% endif -%}
{%- endfor -%}`

/** A list of calls behind a tag, ids of nine characters. */
export const MISTRAL = `{%- for m in messages -%}
{%- if m.tool_calls %}{{ '[TOOL_CALLS][' }}
{%- for c in m.tool_calls -%}
{%- if c.id is not defined or c.id | length != 9 %}{{ raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{% endif -%}
{{ '{"name": "' + c.function.name + '", "arguments": ' + (c.function.arguments | tojson) + ', "id": "' + c.id + '"}' }}{% if not loop.last %}, {% endif -%}
{%- endfor -%}{{ ']' }}
{%- elif m.role == 'tool' -%}
{%- if m.tool_call_id | length != 9 %}{{ raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{% endif -%}
{{ '[RESULT ' + m.tool_call_id + ']' + m.content }}
{%- else %}{{ '[' + m.role + ']' + m.content }}{% endif -%}
{%- endfor -%}`
