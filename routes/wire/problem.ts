import { EngineError, type EngineErrorCode, type ErrorDetails } from '../../engine/errors.ts'

const STATUS: Record<EngineErrorCode, number> = {
  bad_request: 400,
  bad_option: 400,
  bad_format: 400,
  // Ollama's status for it (server/routes.go).
  bad_template: 500,
  invalid_model_name: 400,
  model_not_found: 404,
  unsupported: 400,
  context_overflow: 400,
  bad_embedding: 400,
  busy: 503,
  cancelled: 499,
  cloud_disabled: 403,
  create_failed: 500,
  does_not_fit: 500,
  load_failed: 500,
  load_timeout: 500,
  pull_failed: 500,
  runner_died: 500,
  quantize_failed: 500,
  rate_limited: 429,
  convert_failed: 500,
  invalid_answer: 500,
  registry_failed: 500,
  remote_failed: 500,
  shutting_down: 503,
}

/** A request a dialect refuses in its own words, with the status it chose. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  /** The field at fault, where the dialect names one. */
  readonly param: string | undefined

  constructor(status: number, message: string, param?: string) {
    super(message)
    this.status = status
    this.param = param
  }
}

export interface Problem {
  status: number
  code: EngineErrorCode | 'request' | 'internal'
  message: string
  param?: string
  details: ErrorDetails
}

/** Why work was aborted. Nobody is left to read the second one; it is for the log. */
const SHUTTING_DOWN: Problem = {
  status: STATUS.shutting_down,
  code: 'shutting_down',
  message: 'server is shutting down',
  details: {},
}
const CANCELLED: Problem = {
  status: STATUS.cancelled,
  code: 'cancelled',
  message: 'request canceled',
  details: {},
}

/**
 * The one place that turns any thrown value into what a client may see. `stopping` tells two reasons for
 * aborted work apart: the server closes, or the client left.
 */
export function toProblem(error: unknown, stopping?: AbortSignal): Problem {
  if (isAbort(error)) return stopping?.aborted === true ? SHUTTING_DOWN : CANCELLED
  if (error instanceof EngineError) {
    const { code, message, details } = error
    return { status: details.status ?? STATUS[code], code, message, details }
  }
  if (error instanceof RequestError) {
    const { status, message, param } = error
    return { status, code: 'request', message, details: {}, ...(param === undefined ? {} : { param }) }
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500
  if (status < 500) return { status, code: 'request', message: (error as Error).message, details: {} }
  return { status, code: 'internal', message: 'internal server error', details: {} }
}

/** Work that stopped because its signal said so, whether the engine put that into its own words or not. */
const isAbort = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'AbortError' || (error instanceof EngineError && error.code === 'cancelled'))
