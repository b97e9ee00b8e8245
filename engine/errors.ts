/** What can go wrong with a model, in words the engine understands. HTTP statuses live in routes/wire. */
export type EngineErrorCode =
  | 'bad_request'
  | 'bad_option'
  | 'bad_format'
  | 'invalid_model_name'
  | 'model_not_found'
  | 'unsupported'
  | 'context_overflow'
  | 'busy'
  | 'cancelled'
  | 'load_failed'
  | 'load_timeout'
  | 'runner_died'
  | 'invalid_answer'
  | 'shutting_down'

/** Numbers a dialect may show beside the message. */
export interface ErrorDetails {
  promptTokens?: number
  contextLength?: number
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
