import { z } from 'zod'

/**
 * What the pydantic models of the Python client `ollama` 0.6.3 (`ollama/_types.py`) let through. `Optional` fields may
 * be absent or null; an `int` may be written with a fraction of nothing but never with another one; a `str` may be
 * nothing else; unknown fields are ignored.
 */
const optional = <T extends z.ZodType>(type: T) => type.nullish()
const text = optional(z.string())
const count = optional(z.int())
/** `datetime`: four digits of the year, as pydantic reads ISO 8601. */
const time = optional(z.iso.datetime({ offset: true }))
/** `ByteSize`. */
const bytes = optional(z.int().min(0))

const timing = {
  model: text,
  created_at: text,
  done: optional(z.boolean()),
  done_reason: text,
  total_duration: count,
  load_duration: count,
  prompt_eval_count: count,
  prompt_eval_duration: count,
  eval_count: count,
  eval_duration: count,
}
const scored = { token: z.string(), logprob: z.number() }
const logprobs = optional(z.array(z.object({ ...scored, top_logprobs: optional(z.array(z.object(scored))) })))
const message = z.object({
  role: z.string(),
  content: text,
  thinking: text,
  tool_name: text,
  tool_calls: optional(
    z.array(
      z.object({ function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }) }),
    ),
  ),
})
const details = optional(
  z.object({
    parent_model: text,
    format: text,
    family: text,
    families: optional(z.array(z.string())),
    parameter_size: text,
    quantization_level: text,
  }),
)

export const GenerateResponse = z.object({
  ...timing,
  response: text,
  thinking: text,
  context: optional(z.array(z.int())),
  logprobs,
})
export const ChatResponse = z.object({ ...timing, message, logprobs })
export const EmbedResponse = z.object({ ...timing, embeddings: z.array(z.array(z.number())) })
export const EmbeddingsResponse = z.object({ embedding: z.array(z.number()) })
export const ProgressResponse = z.object({ status: text, completed: count, total: count, digest: text })
export const ListResponse = z.object({
  models: z.array(z.object({ model: text, modified_at: time, digest: text, size: bytes, details })),
})
export const ShowResponse = z.object({
  modified_at: time,
  template: text,
  modelfile: text,
  license: text,
  details,
  // May be null, but must be there: the one field of this reply that the client gives no default.
  model_info: z.record(z.string(), z.unknown()).nullable(),
  parameters: text,
  capabilities: optional(z.array(z.string())),
})
export const ProcessResponse = z.object({
  models: z.array(
    z.object({
      model: text,
      name: text,
      digest: text,
      expires_at: time,
      size: bytes,
      size_vram: bytes,
      details,
      context_length: count,
    }),
  ),
})
