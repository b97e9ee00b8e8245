import { RegistryError } from './error.ts'
import { isHuggingFace, mayHaveToken, originsOf } from './hugging-face/hosts.ts'
import { createHub } from './hugging-face/hub.ts'
import { type Identity, loadIdentity } from './key.ts'
import { createRegistry } from './registry.ts'
import { openRemoteFile } from './remote-file.ts'
import { accessDenied, openSession } from './session.ts'
import { fetchToken } from './token.ts'
import { createTransport, type TransportOptions } from './transport.ts'
import type { Registries } from './types.ts'
import { UPLOAD_TUNING, type UploadTuning } from './upload.ts'

export interface RegistriesOptions extends TransportOptions {
  /** The private key file, such as `~/.ollama/id_ed25519`; made when a registry first asks for it. */
  keyPath?: string
  /** Registries on the internet may redirect into the local network. */
  allowPrivate?: boolean
  /** Where to go, scheme and host, instead of a host that models are named after. Keys in lower case. */
  mirrors?: ReadonlyMap<string, string>
  uploads?: UploadTuning
  huggingFace?: HuggingFaceOptions
}

export interface HuggingFaceOptions {
  /** Where to go, scheme and host, instead of Hugging Face. */
  endpoint?: string
  /** The user's token, for private and gated repositories. */
  token?: string
}

/** The registries of the world, over connections that are shared. */
export function openRegistries({
  keyPath,
  allowPrivate = false,
  mirrors,
  uploads = UPLOAD_TUNING,
  huggingFace = {},
  ...options
}: RegistriesOptions): Registries {
  const transport = createTransport(options)
  let identity: Promise<Identity> | undefined
  const ownIdentity = async () => {
    if (keyPath === undefined) throw new RegistryError('unauthorized', 'unauthorized: this server has no key')
    // A file that was unreadable may have been mended.
    identity ??= loadIdentity(keyPath).catch((cause) => {
      identity = undefined
      throw new RegistryError('unauthorized', "unauthorized: this server's key cannot be used", { cause })
    })
    return identity
  }
  return {
    open(host, { insecure }) {
      const isHub = isHuggingFace(host)
      const mirror = mirrors?.get(host.toLowerCase()) ?? (isHub ? huggingFace.endpoint : undefined)
      const base = mirror === undefined ? baseUrl(host, insecure) : new URL(mirror)
      const token = isHub && mayHaveToken(base) ? huggingFace.token : undefined
      const session = openSession({
        transport,
        base,
        origins: originsOf(base),
        ...(token === undefined ? {} : { token }),
        allowPrivate,
        authorize: async (challenge, request) => {
          // What Hugging Face says to who may not see a repository: there is nowhere to get another token.
          if (isHub && !URL.canParse(challenge.realm)) throw accessDenied()
          return await fetchToken(challenge, ownIdentity, request)
        },
      })
      const registry = createRegistry(session, uploads)
      return isHub ? { ...registry, hub: createHub(session, { hasToken: token !== undefined }) } : registry
    },
    async file(url, { mayBePrivate }, signal) {
      const session = openSession({
        transport,
        base: new URL(url.origin),
        allowPrivate,
        isPublicOnly: !mayBePrivate,
        authorize: async () => {
          throw accessDenied()
        },
      })
      return await openRemoteFile(session, url, signal)
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
