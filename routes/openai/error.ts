import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { logFailure } from '../wire/log-failure.ts'
import { type Problem, toProblem } from '../wire/problem.ts'
import { announceRetry } from '../wire/retry-after.ts'

/** Always these four keys: clients read `type` and `code` off an object and know no other shape. */
export interface ErrorBody {
  message: string
  type: string
  param: string | null
  code: string | null
  /** Only when the prompt is longer than the context. */
  n_prompt_tokens?: number
  n_ctx?: number
}

/** A problem in OpenAI's envelope. */
export function toEnvelope(problem: Problem): { error: ErrorBody } {
  const { status, code } = problem
  const body = {
    message: problem.message,
    type: TYPES[status] ?? (status < 500 && status !== 499 ? 'invalid_request_error' : 'api_error'),
    param: problem.param ?? PARAMS[code] ?? null,
    code: CODES[code] ?? null,
  }
  return { error: code === 'context_overflow' ? { ...body, ...overflow(problem) } : body }
}

const TYPES: Record<number, string | undefined> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
}

const CODES: Partial<Record<Problem['code'], string>> = {
  model_not_found: 'model_not_found',
  context_overflow: 'context_length_exceeded',
  busy: 'server_overloaded',
  rate_limited: 'rate_limit_exceeded',
}

const PARAMS: Partial<Record<Problem['code'], string>> = {
  model_not_found: 'model',
  invalid_model_name: 'model',
  cloud_disabled: 'model',
  bad_format: 'response_format',
  bad_option: 'options',
}

/**
 * Agents recognise an overflow by its wording and then shorten the conversation, so this one sentence holds
 * every wording they are known to look for.
 */
function overflow({ message, details }: Problem): Partial<ErrorBody> {
  const { promptTokens, contextLength } = details
  if (promptTokens === undefined || contextLength === undefined) return { message }
  return {
    message:
      `This model's maximum context length is ${contextLength} tokens, but the prompt has ` +
      `${promptTokens} tokens and exceeds the available context size. ` +
      'Shorten the prompt, raise num_ctx, or set truncate to true.',
    n_prompt_tokens: promptTokens,
    n_ctx: contextLength,
  }
}

/** Client libraries repeat every status from 500 up, which is no use when a model cannot be loaded at all. */
const HOPELESS: ReadonlySet<Problem['code']> = new Set(['load_failed', 'load_timeout', 'does_not_fit'])

/** The error handler of the routes that only OpenAI's clients call. */
export function openaiError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error, request.server.stopping)
  return startError(problem, error, request, reply).send(toEnvelope(problem))
}

/**
 * The error handler of what Anthropic's clients call at the same address: the model list and paths that do
 * not exist. The body satisfies both families.
 */
export function sharedError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error, request.server.stopping)
  return startError(problem, error, request, reply).send({
    type: 'error',
    ...toEnvelope(problem),
    request_id: request.id,
  })
}

function startError(
  problem: Problem,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, code } = problem
  logFailure(error, status, request, reply)
  announceRetry(reply, problem)
  if (HOPELESS.has(code)) reply.header('x-should-retry', 'false')
  // The type is set again because a stream that failed before its first byte has already chosen another.
  return reply.code(status).type('application/json; charset=utf-8')
}
