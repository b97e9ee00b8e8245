import { z } from 'zod'
import { can } from '../../engine/check.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { ChatJob } from '../../engine/types.ts'
import { maybe } from '../wire/maybe.ts'
import { RequestError } from '../wire/problem.ts'
import { commonJob, jobFields } from './job-fields.ts'
import { Messages, toMessages } from './message.ts'
import { toThink } from './think.ts'
import { toolFields, toToolJob } from './tools.ts'

const TOP_LOGPROBS_RANGE = 'top_logprobs must be between 0 and 20'

/** The body of POST /v1/chat/completions. Whatever is not here is ignored. */
export const ChatRequest = z
  .object({
    messages: Messages,
    ...jobFields,
    ...toolFields,
    max_completion_tokens: maybe(z.int()),
    logprobs: maybe(z.boolean()),
    top_logprobs: maybe(z.int().min(0, TOP_LOGPROBS_RANGE).max(20, TOP_LOGPROBS_RANGE)),
    reasoning_effort: maybe(z.string()),
    reasoning: maybe(z.object({ effort: maybe(z.string()) })),
    think: maybe(z.union([z.boolean(), z.string()], "'think' must be true, false or a level")),
    chat_template_kwargs: maybe(z.object({ enable_thinking: maybe(z.boolean()) })),
    modalities: maybe(z.array(z.string())),
    audio: z.unknown().optional(),
  })
  .meta({ id: 'OpenAIChatRequest' })
export type ChatRequest = z.infer<typeof ChatRequest>

/** What the engine has to do for a request. Throws RequestError and EngineError `bad_option`. */
export function toJob(body: ChatRequest, model: InstalledModel): ChatJob {
  refuseAudioOutput(body)
  if (body.top_logprobs && !body.logprobs) {
    throw new RequestError(400, 'top_logprobs needs logprobs to be true', 'top_logprobs')
  }
  const asked = toThink(body)
  const canThink = can(model, 'thinking')
  return {
    kind: 'chat',
    ...commonJob(body, model, body.max_completion_tokens ?? body.max_tokens),
    ...toToolJob(body),
    messages: toMessages(body.messages),
    // People set an effort once for all models, so one that cannot think does not refuse it.
    think: canThink ? asked : undefined,
    topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
  }
}

function refuseAudioOutput(body: ChatRequest): void {
  const wantsAudio = body.modalities?.includes('audio') || (body.audio ?? undefined) !== undefined
  if (wantsAudio) throw new RequestError(400, 'audio output is not supported', 'modalities')
}
