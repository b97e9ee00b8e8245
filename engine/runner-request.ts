import type { Runner, RunnerRequest, ThoughtBudget } from './backend.ts'
import type { ModelOptions } from './model-options.ts'
import { inContext } from './options.ts'
import { tagsFor } from './prepare.ts'
import { grammarsFor } from './prompt/job-grammar.ts'
import type { JobPrompt } from './prompt/job-prompt.ts'
import type { Job } from './types.ts'

/** What a job's runner needs to know beside the prompt's tokens, which are only known once there is a runner. */
export type RequestFrame = (
  tokens: readonly number[],
  thought: ThoughtBudget | undefined,
  runner: Runner,
) => RunnerRequest

/** How runners are asked for a job's answer. Throws EngineError `bad_format`. */
export function requestFrame(job: Job, prompt: JobPrompt, options: ModelOptions): RequestFrame {
  const { topLogprobs } = job
  const promptLogprobs = job.kind === 'generate' ? job.promptLogprobs : undefined
  const frame = {
    sampling: options,
    keepTokens: options.keepTokens,
    stop: options.stop,
    tags: tagsFor(prompt),
    returnTokens: job.kind === 'generate' && !job.raw,
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(promptLogprobs === undefined ? {} : { promptLogprobs }),
    ...grammarsFor(job, prompt),
  }
  return (tokens, thought, { info }) => ({
    ...frame,
    maxTokens: inContext(options, info.contextLength).maxTokens,
    prompt: tokens,
    shift: job.shift && info.canShift,
    ...(thought === undefined ? {} : { thought }),
  })
}
