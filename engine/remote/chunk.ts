import { z } from 'zod'

/** Calls in one answer; agents make a handful at a time. */
export const MAX_CALLS = 128
/** No vocabulary has tokens with more alternatives asked for (see `topLogprobs`). */
const MAX_ALTERNATIVES = 20

const text = z.string().nullish()
const count = z.int().nonnegative().nullish()

const CallDelta = z.object({
  index: z.int().nonnegative().nullish(),
  id: z.string().max(256).nullish(),
  function: z
    .object({
      name: z.string().max(256).nullish(),
      // Text by the API; some servers send what the text says.
      arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    })
    .nullish(),
})
export type CallDelta = z.output<typeof CallDelta>

const Logprob = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int().min(0).max(255)).nullish(),
})

/** Those of a chat; llama-server has them in text completions too. */
const ChatLogprobs = z.object({
  content: z
    .array(Logprob.extend({ top_logprobs: z.array(Logprob).max(MAX_ALTERNATIVES).nullish() }))
    .nullish(),
})
/** Those of a text completion. */
const TextLogprobs = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
})
const Logprobs = z.union([TextLogprobs, ChatLogprobs]).nullish()
export type Logprobs = z.output<typeof Logprobs>

const Choice = z.object({
  delta: z
    .object({
      content: text,
      reasoning_content: text,
      reasoning: text,
      tool_calls: z.array(CallDelta).max(MAX_CALLS).nullish(),
    })
    .nullish(),
  /** Of a text completion. */
  text,
  logprobs: Logprobs,
  finish_reason: text,
})
export type Choice = z.output<typeof Choice>

/** An event of a streamed answer, chat or text. All that is optional somewhere is optional here. */
export const Chunk = z.object({
  choices: z.array(Choice).max(1).nullish(),
  usage: z
    .object({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count }).nullish(),
      completion_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
    })
    .nullish(),
})
export type Chunk = z.output<typeof Chunk>
