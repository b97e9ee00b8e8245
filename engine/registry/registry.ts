import { MAX_MANIFEST_BYTES } from '../store/manifest.ts'
import type { ModelName } from '../store/types.ts'
import { readAtMost } from './body.ts'
import { RegistryError } from './error.ts'
import { checkManifest } from './manifest-check.ts'
import { locateBlob } from './remote-blob.ts'
import { repositoryUrl } from './repository-url.ts'
import type { Session } from './session.ts'
import type { Registry } from './types.ts'

export const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'

/** The reading side of a registry. */
export const createRegistry = (session: Session): Registry => ({
  async manifest(name, signal) {
    const bytes = await fetchManifest(session, name, signal).catch(asManifestFailure)
    checkManifest(bytes, name)
    return { bytes }
  },
  blob: (name, layer, signal) => locateBlob(session, name, layer, signal),
})

async function fetchManifest(session: Session, name: ModelName, signal: AbortSignal): Promise<Buffer> {
  const answer = await session.request({
    method: 'GET',
    url: repositoryUrl(session.base, name, `manifests/${name.tag}`),
    headers: { accept: MANIFEST_TYPE },
    follow: 'all',
    signal,
  })
  return readAtMost(answer.chunks(), MAX_MANIFEST_BYTES)
}

function asManifestFailure(error: unknown): never {
  if (!(error instanceof RegistryError)) throw error
  const { failure, status, cause } = error
  throw new RegistryError(failure, `pull model manifest: ${error.message}`, {
    cause,
    ...(status === undefined ? {} : { status }),
  })
}
