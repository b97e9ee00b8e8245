import { z } from 'zod'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { Job } from '../../engine/types.ts'
import { keepAliveMs } from '../wire/keep-alive.ts'
import { maybe } from '../wire/maybe.ts'
import { bag, flag, readBy, text } from './fields.ts'
import { readThink } from './think.ts'

const TOP_LOGPROBS_RANGE = 'top_logprobs must be between 0 and 20'

/** What /api/generate and /api/chat have in common. */
export const jobFields = {
  model: text().describe('Model to run, such as `llama3.2` or `llama3.2:3b`'),
  stream: flag(true).describe('One JSON line for every piece of the answer; false answers once, as a whole'),
  options: bag().describe('Sampling and load options, such as `temperature` and `num_ctx`'),
  format: z.unknown().optional().describe('`json`, or a JSON Schema the answer must satisfy'),
  keep_alive: readBy(keepAliveMs).describe('How long to keep the model loaded: seconds, or text like `5m`'),
  think: readBy(readThink).describe('Think before answering: true, false, or `low`, `medium`, `high`, `max`'),
  truncate: flag(true).describe('Drop the oldest turns when the conversation is too long'),
  shift: maybe(z.boolean('bool')).describe(
    'Forget the oldest tokens when the answer reaches the context limit',
  ),
  logprobs: flag().describe('Report the log-probability of each token'),
  top_logprobs: maybe(z.int('int').min(0, TOP_LOGPROBS_RANGE).max(20, TOP_LOGPROBS_RANGE)).describe(
    'Alternatives to report with each token, with `logprobs`',
  ),
  _debug_render_only: flag().describe('Answer with the prompt the model would read'),
}

export type JobFields = z.output<z.ZodObject<typeof jobFields>>

/**
 * The part of a job that both endpoints build alike. Options and format come later: capability errors go
 * before theirs.
 */
export function commonJob(
  body: JobFields,
  model: InstalledModel,
): Pick<
  Job,
  'model' | 'rawName' | 'options' | 'keepAliveMs' | 'think' | 'topLogprobs' | 'truncate' | 'shift'
> {
  return {
    model,
    rawName: body.model,
    options: {},
    ...(body.keep_alive === undefined ? {} : { keepAliveMs: body.keep_alive }),
    ...(body.think === undefined ? {} : { think: body.think }),
    ...(body.logprobs ? { topLogprobs: body.top_logprobs ?? 0 } : {}),
    truncate: body.truncate,
    // The deepseek2 family cannot move tokens in its cache (ollama server/routes.go).
    shift: body.shift ?? model.facts?.architecture !== 'deepseek2',
  }
}
