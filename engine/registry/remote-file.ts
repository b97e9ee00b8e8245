import { discard } from '../http/body.ts'
import { RegistryError } from './error.ts'
import { openRange, readPart } from './remote-blob.ts'
import type { Session } from './session.ts'
import type { RemoteFile } from './types.ts'

/**
 * Finds out how large the file at an address is, and whether its server gives parts of it. Throws RegistryError; what
 * a server says beside its status is nobody's business who only knows the address.
 */
export async function openRemoteFile(session: Session, url: URL, signal: AbortSignal): Promise<RemoteFile> {
  const answer = await openRange(session, url, { start: 0, end: 0 }, signal).catch((error: unknown) => {
    throw withoutBody(error, url)
  })
  discard(answer.body)
  const total = /^bytes 0-0\/(\d{1,16})$/.exec(answer.header('content-range')?.trim() ?? '')?.[1]
  if (answer.status !== 206 || total === undefined) {
    throw new RegistryError('malformed', `${url.host} sends no parts of files`)
  }
  const size = Number(total)
  return { size, read: (range, inner) => readPart(session, answer.url, { range, size }, inner) }
}

function withoutBody(error: unknown, url: URL): unknown {
  if (!(error instanceof RegistryError) || error.status === undefined) return error
  const { status, failure } = error
  return new RegistryError(failure, `${url.host} answers ${status} for ${url.pathname}`, {
    cause: error,
    status,
  })
}
