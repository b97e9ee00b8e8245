import type { Job } from '../types.ts'
import { formatGrammar } from './format.ts'
import { toolCallGrammar, withThinking } from './grammar.ts'
import type { JobPrompt } from './job-prompt.ts'

/**
 * The grammar an answer must follow, or undefined: that of a call when the job forces one, else that of its format,
 * either behind the thought the model may have. Throws EngineError `bad_format` or `bad_request` for what cannot be
 * kept to.
 */
export function grammarFor(job: Job, { thinking, toolCalls }: JobPrompt): string | undefined {
  const forced = job.kind === 'chat' && job.toolChoice !== 'auto' && job.toolChoice !== 'none' && toolCalls
  const format = job.format && (() => formatGrammar(job.format ?? 'json'))
  const grammar = forced ? toolCallGrammar(job.tools, job.toolChoice, toolCalls) : format?.()
  if (grammar === undefined || thinking === undefined) return grammar
  return withThinking(grammar, thinking.tags, thinking.isOpen)
}
