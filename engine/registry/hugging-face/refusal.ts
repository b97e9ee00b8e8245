import type { ModelName } from '../../store/types.ts'
import { RegistryError } from '../error.ts'
import { MANIFEST_FAILURE } from '../manifest-failure.ts'
import type { Hub } from './types.ts'

/** For `catch`, where Hugging Face itself answers: 401 and 403 mean that somebody else is wanted, or nobody. */
export function asRefusal(error: unknown): never {
  if (error instanceof RegistryError && (error.status === 401 || error.status === 403)) {
    const { status, message, cause = error } = error
    throw new RegistryError('unauthorized', message, { status, cause })
  }
  throw error
}

export const isRefusal = (error: unknown): error is RegistryError =>
  error instanceof RegistryError && error.failure === 'unauthorized'

/** An error of a pull from Hugging Face: a refusal in words that say what to do, any other as it is. */
export function inWords(error: unknown, { host, namespace, model }: ModelName, { hasToken }: Hub): unknown {
  if (!isRefusal(error)) return error
  const advice = hasToken
    ? 'accept its terms with the account of HF_TOKEN, or set another token'
    : 'accept its terms and set HF_TOKEN'
  // Without a token that opens it a repository that does not exist looks the same.
  const text = `${host}/${namespace}/${model} is gated or private: ${advice} (or there is no such repository)`
  const { status, cause = error } = error
  return new RegistryError('unauthorized', `${MANIFEST_FAILURE}${text}`, {
    cause,
    ...(status === undefined ? {} : { status }),
  })
}
