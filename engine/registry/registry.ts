import { discard } from '../http/body.ts'
import { MANIFEST_TYPE, MAX_MANIFEST_BYTES } from '../store/manifest.ts'
import type { ModelName } from '../store/types.ts'
import { readAtMost } from './body.ts'
import { RegistryError } from './error.ts'
import { checkManifest } from './manifest-check.ts'
import { asManifestFailure } from './manifest-failure.ts'
import { locateAt } from './remote-blob.ts'
import { repositoryUrl } from './repository-url.ts'
import type { Session } from './session.ts'
import type { Registry, UploadTarget } from './types.ts'
import { type UploadTuning, uploadBlob } from './upload.ts'

/** What can be asked of a registry. */
export const createRegistry = (session: Session, tuning: UploadTuning): Registry & UploadTarget => ({
  async manifest(name, signal) {
    const bytes = await fetchManifest(session, name, signal).catch(asManifestFailure)
    checkManifest(bytes, name)
    return { bytes }
  },
  blob: (name, layer, signal) =>
    locateAt(session, repositoryUrl(session.base, name, `blobs/${layer.digest}`), layer, signal),

  async hasBlob(name, digest, signal) {
    try {
      const url = repositoryUrl(session.base, name, `blobs/${digest}`)
      discard((await session.request({ method: 'HEAD', url, follow: 'same-host', signal })).body)
      return true
    } catch (error) {
      if (error instanceof RegistryError && error.failure === 'not_found') return false
      throw error
    }
  },

  putBlob: (name, blob, report, signal) => uploadBlob({ session, name, blob, report, signal, tuning }),

  async putManifest(name, bytes, signal) {
    const url = repositoryUrl(session.base, name, `manifests/${name.tag}`)
    const headers = { 'content-type': MANIFEST_TYPE }
    const sent = { method: 'PUT', url, headers, body: () => bytes, follow: 'same-host', signal } as const
    discard((await session.request(sent)).body)
  },
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
