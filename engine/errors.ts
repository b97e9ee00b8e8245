/** What can go wrong with a model, in words the engine understands. HTTP statuses live in routes/wire. */
export type EngineErrorCode =
  | 'bad_request'
  | 'bad_option'
  | 'bad_format'
  | 'bad_template'
  | 'invalid_model_name'
  | 'model_not_found'
  | 'unsupported'
  | 'context_overflow'
  | 'bad_embedding'
  | 'busy'
  | 'cancelled'
  | 'cloud_disabled'
  | 'create_failed'
  | 'does_not_fit'
  | 'load_failed'
  | 'load_timeout'
  | 'pull_failed'
  | 'runner_died'
  | 'quantize_failed'
  | 'rate_limited'
  | 'convert_failed'
  | 'invalid_answer'
  | 'registry_failed'
  | 'remote_failed'
  | 'shutting_down'

/** Numbers a dialect may show beside the message. */
export interface ErrorDetails {
  promptTokens?: number
  contextLength?: number
  /** Seconds after which it is worth asking again. */
  retryAfterS?: number
  /** The HTTP status that another server answered with, where that says more than the code. */
  status?: number
}

export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  readonly details: ErrorDetails

  constructor(
    code: EngineErrorCode,
    message: string,
    options: ErrorOptions & { details?: ErrorDetails } = {},
  ) {
    super(message, options)
    this.code = code
    this.details = options.details ?? {}
  }
}

/** Ollama's words for a model of its cloud where that is switched off: here it always is (server/cloud_proxy.go). */
export const CLOUD_DISABLED = 'ollama cloud is disabled: remote model is unavailable'

/** Ollama's words for an engine process that ended by itself (llm/server.go). */
export const RUNNER_DIED =
  'model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, ' +
  'check ollama server logs for details'

/**
 * The process that ran a request has gone, or hung and was ended. Other errors with this code say that a request
 * failed in a process that is still there.
 */
export class RunnerDiedError extends EngineError {
  constructor(detail = '') {
    super('runner_died', detail === '' ? RUNNER_DIED : `${RUNNER_DIED}: ${detail}`)
  }
}
