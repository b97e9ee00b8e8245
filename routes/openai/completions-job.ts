import { z } from 'zod'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { GenerateJob } from '../../engine/types.ts'
import { maybe } from '../wire/maybe.ts'
import { RequestError } from '../wire/problem.ts'
import { choicesOf, commonJob, jobFields } from './job-fields.ts'
import { Prompts } from './prompts.ts'

/** The body of POST /v1/completions. Whatever is not here is ignored. */
export const CompletionsRequest = z
  .object({
    ...jobFields,
    prompt: Prompts,
    suffix: maybe(z.string()),
    echo: maybe(z.boolean()),
    best_of: maybe(z.int().min(1)),
    logprobs: maybe(z.int().min(0).max(20)).describe('Alternatives to report with each token'),
    raw: maybe(z.boolean()).describe('Extension: no chat template around the prompt'),
  })
  .meta({ id: 'OpenAICompletionsRequest' })
export type CompletionsRequest = z.infer<typeof CompletionsRequest>

/**
 * What the engine has to do: `n` jobs for each prompt, prompt by prompt. `isRaw`: prompts of text go without the
 * chat template unless the request says otherwise. Throws like `commonJob`.
 */
export function toJobs(body: CompletionsRequest, model: InstalledModel, isRaw = false): GenerateJob[] {
  refuseBestOf(body)
  const common = commonJob(body, model, body.max_tokens)
  // Zero means "no limit" elsewhere; with echo it asks for the prompt and nothing more.
  if (body.echo && body.max_tokens === 0) common.options.maxTokens = 0
  return body.prompt.flatMap((prompt) => choicesOf({ ...common, ...toJob(body, prompt, isRaw) }, body.n ?? 1))
}

function toJob(
  body: CompletionsRequest,
  prompt: string | readonly number[],
  isRaw: boolean,
): Omit<GenerateJob, keyof ReturnType<typeof commonJob>> & Partial<Pick<GenerateJob, 'truncate'>> {
  const isText = typeof prompt === 'string'
  if (body.suffix && !isText) throw new RequestError(400, 'suffix needs prompts that are text', 'prompt')
  const hasGap = body.suffix !== undefined && body.suffix !== ''
  return {
    kind: 'generate',
    prompt,
    suffix: hasGap ? body.suffix : undefined,
    raw: (body.raw ?? (isRaw && !hasGap)) || (body.echo ?? false) || !isText,
    // This reply has no place for thoughts.
    think: false,
    topLogprobs: body.logprobs,
    ...echoed(body, isText),
  }
}

/**
 * With log-probabilities an echo shows those of the prompt. Tokens are echoed as the text that the model's vocabulary
 * gives them, which comes with their scores. What is shown is whole.
 */
function echoed({ echo, logprobs }: CompletionsRequest, isText: boolean) {
  if (!echo || (isText && logprobs === undefined)) return {}
  return { promptLogprobs: logprobs ?? 0, truncate: false }
}

function refuseBestOf({ best_of, n, stream }: CompletionsRequest): void {
  if (best_of === undefined || best_of === 1) return
  if (stream) throw new RequestError(400, 'best_of cannot be streamed', 'best_of')
  if (best_of < (n ?? 1)) throw new RequestError(400, 'best_of must be at least n', 'best_of')
  if (best_of > (n ?? 1)) throw new RequestError(400, 'best_of greater than n is not supported', 'best_of')
}
