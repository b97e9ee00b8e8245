import { z } from 'zod'
import type { ModelOptions } from '../../engine/model-options.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { Job } from '../../engine/types.ts'
import { keepAliveMs } from '../wire/keep-alive.ts'
import { maybe } from '../wire/maybe.ts'
import { formatFields, toFormat } from './response-format.ts'
import { samplingFields, toOptions } from './sampling.ts'

export const KeepAlive = z
  .unknown()
  .optional()
  .transform((value, context) => {
    try {
      return value === undefined || value === null ? undefined : keepAliveMs(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  })

/** More answers than this to one prompt are more than a local machine should promise. */
const MAX_CHOICES = 8
const CHOICES_RANGE = `n must be between 1 and ${MAX_CHOICES}`

/** What chat and text completions have in common. */
export const jobFields = {
  model: z.preprocess((value) => value ?? '', z.string().min(1, 'model is required')),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.object({ include_usage: maybe(z.boolean()) })),
  n: maybe(z.int().min(1, CHOICES_RANGE).max(MAX_CHOICES, CHOICES_RANGE)),
  keep_alive: KeepAlive.describe('Extension: how long to keep the model loaded'),
  truncate: maybe(z.boolean()).describe('Extension: drop old turns instead of refusing a long prompt'),
  ...samplingFields,
  ...formatFields,
}
type JobFields = z.infer<z.ZodObject<typeof jobFields>>

/** What OpenAI assumes when a request says nothing; a model's own parameters still win. */
const DEFAULTS: Partial<ModelOptions> = { temperature: 1, topP: 1 }

/** The part of a job that both endpoints build alike. Throws RequestError and EngineError `bad_option`. */
export function commonJob(
  body: JobFields,
  model: InstalledModel,
  maxTokens: number | undefined,
): Pick<Job, 'model' | 'rawName' | 'options' | 'defaults' | 'keepAliveMs' | 'format' | 'truncate' | 'shift'> {
  return {
    model,
    rawName: body.model,
    options: toOptions(body, maxTokens),
    defaults: DEFAULTS,
    keepAliveMs: body.keep_alive,
    format: toFormat(body),
    // Agents must hear that a conversation got too long: they shorten it themselves, and better.
    truncate: body.truncate ?? false,
    shift: false,
  }
}

/** One job for each of `n` answers. A fixed seed moves on by one, or all answers would be the same. */
export function choicesOf<J extends Job>(job: J, n: number): J[] {
  const { seed } = job.options
  return Array.from({ length: n }, (_, k) =>
    seed === undefined || seed < 0 || k === 0 ? job : { ...job, options: { ...job.options, seed: seed + k } },
  )
}
