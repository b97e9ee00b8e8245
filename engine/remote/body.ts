import { EngineError } from '../errors.ts'
import { namedOptions } from '../options.ts'
import { allMessages, turnOf } from '../prompt/job-prompt.ts'
import type { AnswerFormat, ChatJob, GenerateJob, Job } from '../types.ts'
import { toWireMessages } from './messages.ts'

/** A request of OpenAI's API. */
export interface WireRequest {
  path: '/v1/chat/completions' | '/v1/completions'
  body: object
}

/**
 * What to ask the server that runs `model` for a job. Prompts become one turn of a chat, which the server writes in
 * the model's own template; only raw ones, and those around a gap, stay prompts. Throws EngineError for what cannot
 * be said in OpenAI's API: `unsupported`, and `bad_request` for images of an unknown kind.
 */
export function toRequest(job: Job, model: string): WireRequest {
  const common = { model, stream: true, stream_options: { include_usage: true }, ...sampling(job) }
  if (job.kind === 'chat') return chatRequest(common, job)
  refuseUnsayable(job)
  if (job.raw || job.suffix !== undefined) return { path: '/v1/completions', body: prompt(common, job) }
  const { prompt: text } = job
  // Tokens are always raw.
  const messages = toWireMessages(turnOf(job, typeof text === 'string' ? text : ''))
  return { path: '/v1/chat/completions', body: { ...common, messages, ...answerWishes(job) } }
}

const chatRequest = (common: object, job: ChatJob): WireRequest => ({
  path: '/v1/chat/completions',
  body: {
    ...common,
    messages: toWireMessages(allMessages(job)),
    ...answerWishes(job),
    ...toolWishes(job),
  },
})

const prompt = (common: object, { prompt: text, suffix, raw, topLogprobs }: GenerateJob) => ({
  ...common,
  prompt: text,
  ...(suffix === undefined ? {} : { suffix }),
  // Another Snug would write the prompt in the model's template, as Ollama does.
  ...(raw ? { raw } : {}),
  ...(topLogprobs === undefined ? {} : { logprobs: topLogprobs }),
})

function answerWishes({ think, topLogprobs }: Job) {
  return {
    ...(think === undefined ? {} : { reasoning_effort: effortOf(think) }),
    ...(topLogprobs === undefined ? {} : { logprobs: true }),
    ...(topLogprobs ? { top_logprobs: topLogprobs } : {}),
  }
}

/** The API has no word for "as you like, but do"; a medium effort is what models take that for. */
const effortOf = (think: NonNullable<Job['think']>): string =>
  think === false ? 'none' : think === true ? 'medium' : think

function toolWishes({ tools, toolChoice, parallelToolCalls }: ChatJob) {
  if (tools.length === 0 || toolChoice === 'none') return {}
  const choice =
    typeof toolChoice === 'object' ? { type: 'function', function: { name: toolChoice.name } } : toolChoice
  return {
    tools,
    ...(choice === 'auto' ? {} : { tool_choice: choice }),
    ...(parallelToolCalls ? {} : { parallel_tool_calls: false }),
  }
}

/** What somebody has named, and the API has a field for. What nobody names is the server's to choose. */
function sampling(job: Job): object {
  const { model, defaults = {}, options, format } = job
  const named = namedOptions({ defaults, parameters: model.parameters, request: options })
  const { temperature, topP: top_p, seed, stop = [], maxTokens, logitBias = [] } = named
  const { presencePenalty: presence_penalty, frequencyPenalty: frequency_penalty } = named
  const given = { temperature, top_p, presence_penalty, frequency_penalty }
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(seed === undefined || seed < 0 ? {} : { seed }),
    ...(stop.length === 0 ? {} : { stop }),
    ...(maxTokens === undefined || maxTokens < 0 ? {} : { max_tokens: maxTokens }),
    ...(logitBias.length === 0 ? {} : { logit_bias: Object.fromEntries(logitBias) }),
    ...(format === undefined ? {} : { response_format: toResponseFormat(format) }),
  }
}

function toResponseFormat(format: AnswerFormat): object {
  if (format === 'json') return { type: 'json_object' }
  if ('schema' in format) {
    return { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: format.schema } }
  }
  throw unsayable('it cannot be given a grammar')
}

function refuseUnsayable({ template, context, promptLogprobs, options }: GenerateJob): void {
  if (template !== undefined) throw unsayable('it cannot be given another template')
  if (context !== undefined) throw unsayable('it cannot go on from the tokens of a context')
  if (promptLogprobs !== undefined) throw unsayable('it does not score prompts')
  if (options.maxTokens === 0) throw unsayable('it cannot be asked for no answer')
}

const unsayable = (why: string) =>
  new EngineError('unsupported', `the model runs on another server, by OpenAI's API: ${why}`)
