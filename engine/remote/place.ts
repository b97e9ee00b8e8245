import { CLOUD_DISABLED, EngineError } from '../errors.ts'
import type { InstalledModel } from '../store/types.ts'
import type { Place } from './types.ts'

/** Ollama's own servers, which no request is ever sent to. */
const CLOUD = 'ollama.com'

/**
 * Where the model behind a stub runs. Throws EngineError `unsupported` unless its host is among `hosts`, and
 * `cloud_disabled` for Ollama's cloud. Stubs come from registries too, so nothing in one is trusted: plain addresses
 * of http and https are all that is understood (ollama server/routes.go compares the host without its port as well).
 */
export function placeOf({ config }: Pick<InstalledModel, 'config'>, hosts: readonly string[]): Place {
  const url = addressOf(config.remoteHost)
  const host = url?.hostname.replace(/^\[|\]$/g, '')
  if (host === CLOUD) throw new EngineError('cloud_disabled', CLOUD_DISABLED)
  if (url === undefined || host === undefined || config.remoteModel === '' || !hosts.includes(host)) {
    throw new EngineError('unsupported', 'this server cannot run this remote model')
  }
  return {
    base: url.origin + url.pathname.replace(/\/+$/, ''),
    origin: url.origin,
    model: config.remoteModel,
  }
}

function addressOf(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return isPlain && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined
}
