import { RegistryError } from './error.ts'
import { type Identity, loadIdentity } from './key.ts'
import { createRegistry } from './registry.ts'
import { openSession } from './session.ts'
import { fetchToken } from './token.ts'
import { createTransport, type TransportOptions } from './transport.ts'
import type { Registries } from './types.ts'
import { UPLOAD_TUNING, type UploadTuning } from './upload.ts'

export interface RegistriesOptions extends TransportOptions {
  /** The private key file, such as `~/.ollama/id_ed25519`; made when a registry first asks for it. */
  keyPath?: string
  /** Registries on the internet may redirect into the local network. */
  allowPrivate?: boolean
  uploads?: UploadTuning
}

/** The registries of the world, over connections that are shared. */
export function openRegistries({
  keyPath,
  allowPrivate = false,
  uploads = UPLOAD_TUNING,
  ...options
}: RegistriesOptions): Registries {
  const transport = createTransport(options)
  let identity: Promise<Identity> | undefined
  const ownIdentity = async () => {
    if (keyPath === undefined)
      throw new RegistryError('unauthorized', 'unauthorized: there is no home folder with a key')
    // A file that was unreadable may have been mended.
    identity ??= loadIdentity(keyPath).catch((cause) => {
      identity = undefined
      throw new RegistryError('unauthorized', `the key ${keyPath} cannot be used: ${cause.message}`, {
        cause,
      })
    })
    return identity
  }
  return {
    open(host, { insecure }) {
      const base = baseUrl(host, insecure)
      const session = openSession({
        transport,
        base,
        allowPrivate,
        authorize: (challenge, request) => fetchToken(challenge, ownIdentity, request),
      })
      return createRegistry(session, uploads)
    },
    close: () => transport.close(),
  }
}

/** Throws RegistryError `refused` for a host that a name may have and the network does not, such as `a:b`. */
function baseUrl(host: string, insecure: boolean): URL {
  const text = `${insecure ? 'http' : 'https'}://${host}`
  if (URL.canParse(text)) return new URL(text)
  throw new RegistryError('refused', `"${host}" is no address of a registry`)
}
