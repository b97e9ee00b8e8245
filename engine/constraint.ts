import { EngineError } from './errors.ts'
import type { JobPrompt } from './prompt/job-prompt.ts'
import type { Job } from './types.ts'

/** The grammar an answer must follow, or undefined. Throws EngineError for what cannot be honoured. */
export function grammarFor(job: Job, _prompt: JobPrompt): string | undefined {
  if (job.format !== undefined) throw new EngineError('unsupported', 'structured output is not supported yet')
  if (job.kind === 'chat' && job.toolChoice !== 'auto' && job.toolChoice !== 'none') {
    throw new EngineError('unsupported', 'forcing a tool call is not supported yet')
  }
  return undefined
}
