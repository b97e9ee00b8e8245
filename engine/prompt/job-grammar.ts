import type { Job } from '../types.ts'
import { formatGrammar } from './format.ts'
import { toolCallGrammar, withThinking } from './grammar.ts'
import type { JobPrompt } from './job-prompt.ts'

/**
 * The grammar an answer must follow, or undefined: that of a call when the job forces one, else that of its format,
 * either behind the thought the model may have. Throws EngineError `bad_format` or `bad_request` for what cannot be
 * kept to.
 */
export function grammarFor(job: Job, prompt: JobPrompt): string | undefined {
  const grammar = forcedCall(job, prompt) ?? (job.format && formatGrammar(job.format))
  const { thinking } = prompt
  if (grammar === undefined || thinking === undefined) return grammar
  return withThinking(grammar, thinking.tags, thinking.isOpen)
}

function forcedCall(job: Job, { toolCalls }: JobPrompt): string | undefined {
  if (job.kind !== 'chat' || toolCalls === undefined) return undefined
  if (job.toolChoice === 'auto' || job.toolChoice === 'none') return undefined
  return toolCallGrammar(job.tools, job.toolChoice, toolCalls)
}
