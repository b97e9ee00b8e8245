import type { Usage } from '../../engine/types.ts'
import { msToNs } from '../../formats/timestamps.ts'
import { omitEmpty } from './omit-empty.ts'

/** The numbers of the last object of an answer: token counts, and nanoseconds as integers. */
export function metrics(usage: Usage) {
  return omitEmpty({
    total_duration: msToNs(usage.totalMs),
    load_duration: msToNs(usage.loadMs),
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: msToNs(usage.promptMs),
    eval_count: usage.outputTokens,
    eval_duration: msToNs(usage.outputMs),
  })
}
