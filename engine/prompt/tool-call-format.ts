import { omitsCallContent } from './call-content.ts'
import { type CompiledTemplate, compiledOrNone } from './template.ts'
import { thinkingTags } from './thinking-tags.ts'
import { familyFormat, toldFormat, withLeadIns } from './tool-format/known.ts'
import { learnedFormat } from './tool-format/learn.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/**
 * How the model of a Jinja template writes calls, learned by rendering calls and comparing what comes out. For a
 * template that prints none, or cannot be used, what is known of its family, else bare JSON. Read once a template.
 */
export function toolCallFormat(template: string): ToolCallFormat {
  const compiled = compiledOrNone(template)
  const remembered = compiled && formats.get(compiled)
  if (remembered !== undefined) return remembered
  const family = familyFormat(template)
  const learned =
    family ?? (compiled && learnedFormat(asAsked(compiled), thinkingTags(template))) ?? toldFormat(template)
  const format = withLeadIns(learned, template)
  if (compiled !== undefined) formats.set(compiled, format)
  return format
}

/** The template as chats use it. */
function asAsked(template: CompiledTemplate): CompiledTemplate {
  if (!omitsCallContent(template)) return template
  return { render: (input) => template.render({ ...input, omitsContent: true }) }
}

/** As long as the compiled template is remembered. */
const formats = new WeakMap<CompiledTemplate, ToolCallFormat>()
