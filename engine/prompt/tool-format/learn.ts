import type { CompiledTemplate } from '../template.ts'
import type { ThinkingTags } from '../thinking-tags.ts'
import { derivedFormat } from './derive.ts'
import { ID, type Ids, NAMES, proberOf } from './probe.ts'
import type { ToolCallFormat } from './types.ts'

/** As Ollama's, as Mistral's templates want them, and as Kimi's, which print the id in place of the name. */
const FREE: Ids = { first: 'call_pr0bea1x', second: 'call_pr0beb2y' }
const PLAIN: Ids = { first: 'Pr0beIdAx', second: 'Pr0beIdBy' }
const NAMED: Ids = { first: `functions.${NAMES[0]}:0`, second: `functions.${NAMES[1]}:1` }

/**
 * How a template prints calls; undefined when it prints none that could be read back. `tags`: what it puts around
 * thoughts, because some put empty ones before calls.
 */
export function learnedFormat(
  template: Pick<CompiledTemplate, 'render'>,
  tags: ThinkingTags | undefined,
): ToolCallFormat | undefined {
  const thought = tags && new RegExp(`^\\s*${escaped(tags.open)}\\s*${escaped(tags.close)}\\s*`)
  const learn = (ids: Ids, idLength?: number) => {
    const prober = proberOf(template, ids, thought)
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
