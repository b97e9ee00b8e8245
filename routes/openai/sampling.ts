import { z } from 'zod'
import type { ModelOptions } from '../../engine/model-options.ts'
import { parseOptions } from '../../engine/options.ts'
import { maybe } from '../wire/maybe.ts'

/** Not z.int(): random 64-bit seeds are whole but past what a double holds exactly. */
const Seed = z.number().refine(Number.isInteger, "'seed' must be an integer")

/** Empty strings would end every answer at once; clients that send them mean nothing by it. */
const Stop = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.string()).transform((texts) => texts.filter((text) => text !== '')),
)

/** What `false` means: so far down that no logit makes up for it, yet finite, so that it survives JSON. */
const BANNED = -1e9

const LogitBias = z.preprocess(
  (value) => (isMap(value) ? Object.entries(value) : value),
  z.array(
    z.tuple([
      z.union(
        [
          z.int().nonnegative(),
          z
            .string()
            .regex(/^\d{1,9}$/)
            .transform(Number),
        ],
        "'logit_bias' must name tokens by their id",
      ),
      z.union(
        [z.number().min(-100).max(100), z.literal(false).transform(() => BANNED)],
        "'logit_bias' must give each token a number from -100 to 100, or false",
      ),
    ]),
  ),
)

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Ollama's and llama.cpp's knobs that clients of this dialect may set beside OpenAI's own; `n_predict` too. */
const EXTENSIONS = [
  'num_ctx',
  'top_k',
  'min_p',
  'typical_p',
  'repeat_penalty',
  'repeat_last_n',
  'mirostat',
  'mirostat_tau',
  'mirostat_eta',
  'dry_multiplier',
  'dry_base',
  'dry_allowed_length',
  'dry_penalty_last_n',
  'xtc_probability',
  'xtc_threshold',
  'top_n_sigma',
  'thinking_budget',
] as const

const numbers = Object.fromEntries(EXTENSIONS.map((name) => [name, maybe(z.number())])) as Record<
  (typeof EXTENSIONS)[number],
  ReturnType<typeof maybe<z.ZodNumber>>
>

/** What a request says of sampling and loading. */
export const samplingFields = {
  temperature: maybe(z.number()),
  top_p: maybe(z.number()),
  seed: maybe(Seed),
  stop: maybe(Stop),
  frequency_penalty: maybe(z.number()),
  presence_penalty: maybe(z.number()),
  logit_bias: maybe(LogitBias),
  max_tokens: maybe(z.int()),
  options: maybe(z.record(z.string(), z.unknown())).describe("Extension: Ollama's options"),
  ...numbers,
  n_predict: maybe(z.number()),
  dry_sequence_breakers: maybe(z.array(z.string())),
}
export type SamplingFields = z.infer<z.ZodObject<typeof samplingFields>>

/**
 * What the request asks of sampling and loading, most explicit first: OpenAI's own fields, extensions beside
 * them, `options`. Throws EngineError `bad_option`.
 */
export function toOptions(fields: SamplingFields, maxTokens: number | undefined): Partial<ModelOptions> {
  const extensions = {
    ...Object.fromEntries(EXTENSIONS.map((name) => [name, fields[name]])),
    num_predict: fields.n_predict,
    dry_sequence_breakers: fields.dry_sequence_breakers,
  }
  return {
    ...parseOptions({ ...fields.options, ...present(extensions) }),
    ...present({
      temperature: fields.temperature,
      topP: fields.top_p,
      seed: fields.seed,
      frequencyPenalty: fields.frequency_penalty,
      presencePenalty: fields.presence_penalty,
      logitBias: fields.logit_bias,
      // No limit is written as 0, -1 or nothing; the engine's word for it is a negative number.
      maxTokens: maxTokens !== undefined && maxTokens <= 0 ? -1 : maxTokens,
      stop: fields.stop?.length === 0 ? undefined : fields.stop,
    }),
  }
}

/** What a request leaves out must not hide what lies beneath it. */
function present<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
