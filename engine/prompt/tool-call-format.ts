import { type CompiledTemplate, compileTemplate } from './template.ts'
import { thinkingTags } from './thinking.ts'
import { derivedFormat } from './tool-format/derive.ts'
import { familyFormat, toldFormat, withLeadIns } from './tool-format/known.ts'
import { ID, type Ids, NAMES, proberOf } from './tool-format/probe.ts'
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
  const learned = family ?? (compiled && learnedFormat(compiled, template)) ?? toldFormat(template)
  const format = withLeadIns(learned, template)
  if (compiled !== undefined) formats.set(compiled, format)
  return format
}

/** As long as the compiled template is remembered. */
const formats = new WeakMap<CompiledTemplate, ToolCallFormat>()

function compiledOrNone(template: string): CompiledTemplate | undefined {
  try {
    return compileTemplate(template)
  } catch {
    // Whoever renders it hears what is wrong with it.
    return undefined
  }
}

/** As Ollama's, as Mistral's templates want them, and as Kimi's, which print the id in place of the name. */
const FREE: Ids = { first: 'call_pr0bea1x', second: 'call_pr0beb2y' }
const PLAIN: Ids = { first: 'Pr0beIdAx', second: 'Pr0beIdBy' }
const NAMED: Ids = { first: `functions.${NAMES[0]}:0`, second: `functions.${NAMES[1]}:1` }

function learnedFormat(compiled: CompiledTemplate, template: string): ToolCallFormat | undefined {
  const tags = thinkingTags(template)
  const thought = tags && new RegExp(`^\\s*${escaped(tags.open)}\\s*${escaped(tags.close)}\\s*`)
  const learn = (ids: Ids, idLength?: number) => {
    const prober = proberOf(compiled, ids, thought)
    return prober && { format: derivedFormat(prober, idLength), shown: prober.probe([{}]) }
  }
  const free = learn(FREE)
  if (free?.shown === undefined) return undefined
  if (free.shown.includes(ID)) return free.format ?? learn(NAMED)?.format
  // Another id in its place: the template refused this one.
  const plain = learn(PLAIN, PLAIN.first.length)
  return plain?.shown?.includes(ID) ? plain.format : free.format
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
