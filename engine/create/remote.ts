import { posix } from 'node:path'
import { EngineError } from '../errors.ts'
import { parseModelRef } from '../store/model-ref.ts'
import type { CreateRequest } from './types.ts'

const DEFAULT_PORT = '11434'
const CLOUD = 'https://ollama.com:443'

/** Which model of which server a stub stands for; undefined when the request is not for a stub. Throws EngineError. */
export function remoteOf({
  from,
  remoteHost,
}: CreateRequest): { remoteHost: string; remoteModel: string } | undefined {
  if (from === '') return undefined
  const ref = parseModelRef(from)
  if (remoteHost !== '') return { remoteHost: remoteUrl(remoteHost), remoteModel: ref.name }
  return ref.source === 'cloud' ? { remoteHost: CLOUD, remoteModel: ref.name } : undefined
}

/** The address of a server as people write it, in full (ollama server/create.go). */
function remoteUrl(text: string): string {
  if (text.startsWith('/')) return `http://localhost:${DEFAULT_PORT}${posix.normalize(text)}`
  const withScheme = text.includes('://') ? text : `http://${text}`
  if (withScheme === 'http://ollama.com') return CLOUD
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\s]*)(\/[^?#\s]*)?$/i.exec(withScheme)
  if (parts === null || !URL.canParse(withScheme)) throw new EngineError('bad_request', 'bad remote')
  const [, scheme = '', authority = '', path = ''] = parts
  const host = authority === '' ? 'localhost' : authority
  const full = /:\d+$/.test(host) ? host : `${host}:${DEFAULT_PORT}`
  const tidy = path === '' ? '' : posix.normalize(path).replace(/\/$/, '')
  return `${scheme.toLowerCase()}://${full}${tidy}`
}
