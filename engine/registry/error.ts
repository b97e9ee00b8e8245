import { EngineError } from '../errors.ts'

/**
 * Why a registry could not give or take something.
 *
 * - `not_found`: it does not know the model or blob.
 * - `unauthorized`: it wants somebody else.
 * - `status`: any other HTTP status from 400 on.
 * - `refused`: it asked for something that is not safe, such as a redirect into the local network.
 * - `malformed`: its answer breaks the protocol.
 * - `unreachable`: no connection, or one that broke.
 * - `timeout`: nothing came for too long.
 */
export type RegistryFailure =
  | 'not_found'
  | 'unauthorized'
  | 'status'
  | 'refused'
  | 'malformed'
  | 'unreachable'
  | 'timeout'

/** Something went wrong between this server and a registry. The message is Ollama's where Ollama has one. */
export class RegistryError extends EngineError {
  readonly failure: RegistryFailure
  /** The HTTP status, where there was one. */
  readonly status: number | undefined

  constructor(failure: RegistryFailure, message: string, options: ErrorOptions & { status?: number } = {}) {
    super('registry_failed', message, options)
    this.failure = failure
    this.status = options.status
  }
}

/** The same request may work later. */
export const isTransient = (error: unknown): boolean =>
  error instanceof RegistryError &&
  (error.failure === 'unreachable' ||
    error.failure === 'timeout' ||
    (error.status !== undefined && (error.status >= 500 || error.status === 408 || error.status === 429)))
