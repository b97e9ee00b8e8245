import { RegistryError } from './error.ts'

/** What Ollama puts before everything that goes wrong until there is a manifest. */
export const MANIFEST_FAILURE = 'pull model manifest: '

/** For `catch`: throws the error with these words in front. */
export function asManifestFailure(error: unknown): never {
  if (!(error instanceof RegistryError)) throw error
  const { failure, status, cause } = error
  throw new RegistryError(failure, `${MANIFEST_FAILURE}${error.message}`, {
    cause,
    ...(status === undefined ? {} : { status }),
  })
}
