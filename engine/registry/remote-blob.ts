import { discard } from '../http/body.ts'
import { RegistryError } from './error.ts'
import { redirectTarget } from './redirect.ts'
import type { Session, SessionAnswer } from './session.ts'
import type { RemoteBlob } from './types.ts'

export interface BlobRequest {
  digest: string
  /** Bytes, by the manifest. */
  size: number
}

export interface Range {
  start: number
  /** The last byte, not the one after it. */
  end: number
}

/** Finds out where the blob at an address of the registry lies (ollama server/download.go). Throws RegistryError. */
export async function locateAt(
  session: Session,
  url: URL,
  { digest, size }: BlobRequest,
  signal: AbortSignal,
): Promise<RemoteBlob> {
  await checkSize(session, url, { digest, size }, signal)
  let direct = await directUrl(session, url, signal)

  /** Signed addresses expire while a large model comes in: then the registry is asked for another, once. */
  async function open(range: Range, inner: AbortSignal): Promise<SessionAnswer> {
    const used = direct
    try {
      return await openRange(session, used, range, inner)
    } catch (error) {
      if (used.href === url.href || !isRefusal(error)) throw error
    }
    if (direct === used) direct = await directUrl(session, url, inner)
    return openRange(session, direct, range, inner)
  }

  return {
    digest,
    size,
    read: (range, inner) => bytesOf(() => open(range, inner), range, size),
  }
}

/** The bytes of a part of a file of `size` bytes, as they arrive. Throws RegistryError. */
export const readPart = (
  session: Session,
  url: URL,
  { range, size }: { range: Range; size: number },
  signal: AbortSignal,
): AsyncIterable<Uint8Array> => bytesOf(() => openRange(session, url, range, signal), range, size)

async function* bytesOf(
  open: () => Promise<SessionAnswer>,
  range: Range,
  size: number,
): AsyncGenerator<Uint8Array> {
  const answer = await open()
  checkRange(answer, range, size)
  yield* firstBytes(answer, range.end - range.start + 1)
}

/**
 * Compares what the registry says of the size with the manifest. One that does not say it, or sends us elsewhere to
 * hear it, is believed for now: every part states the size once more.
 */
async function checkSize(
  session: Session,
  url: URL,
  { digest, size }: BlobRequest,
  signal: AbortSignal,
): Promise<void> {
  let length: string | undefined
  try {
    const answer = await session.request({ method: 'HEAD', url, follow: 'same-host', signal })
    discard(answer.body)
    if (answer.status === 200) length = answer.header('content-length')
  } catch (error) {
    const isUnknownMethod = error instanceof RegistryError && (error.status === 405 || error.status === 501)
    if (!isUnknownMethod) throw error
  }
  if (length !== undefined && Number(length) !== size) {
    throw new RegistryError('malformed', `${digest} has ${length} bytes on ${url.host}, not ${size}`)
  }
}

/** Where the bytes are: at the first address off the registry's host, or on the registry itself. */
async function directUrl(session: Session, url: URL, signal: AbortSignal): Promise<URL> {
  const answer = await session.request({ method: 'GET', url, follow: 'same-host', signal })
  discard(answer.body)
  if (answer.redirect !== undefined) return answer.redirect
  const location = answer.header('location')
  return location === undefined ? answer.url : redirectTarget(answer.url, location)
}

/** A part of a file. Throws RegistryError. */
export async function openRange(
  session: Session,
  url: URL,
  { start, end }: Range,
  signal: AbortSignal,
): Promise<SessionAnswer> {
  return session.request({
    method: 'GET',
    url,
    headers: { range: `bytes=${start}-${end}` },
    follow: 'all',
    signal,
  })
}

const isRefusal = (error: unknown): boolean =>
  error instanceof RegistryError &&
  error.status !== undefined &&
  [400, 401, 403, 404, 410].includes(error.status)

/** The answer holds the bytes that were asked for and no others, or throws RegistryError `malformed`. */
function checkRange(answer: SessionAnswer, { start, end }: Range, size: number): void {
  const wrong = (why: string) => {
    discard(answer.body)
    return new RegistryError('malformed', `${answer.url.host} ${why}`)
  }
  if (answer.status === 200) {
    const length = answer.header('content-length')
    if (length !== undefined && Number(length) !== size) throw wrong(`sends ${length} bytes, not ${size}`)
    // All of it instead of a part: its beginning is the part when that begins there.
    if (start === 0) return
    throw wrong('sends no parts of files')
  }
  if (answer.status !== 206) throw wrong(`answered ${answer.status} instead of a part of a file`)
  const given = answer.header('content-range') ?? ''
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(given.trim())
  if (match === null || Number(match[1]) !== start || Number(match[2]) !== end) {
    throw wrong(`sends another part of a file than bytes ${start}-${end}`)
  }
  if (match[3] !== '*' && Number(match[3]) !== size)
    throw wrong(`sends a file of ${match[3]} bytes, not ${size}`)
}

/** At most `count` bytes; what comes beyond is not taken. */
async function* firstBytes(answer: SessionAnswer, count: number): AsyncGenerator<Uint8Array> {
  let left = count
  for await (const chunk of answer.chunks()) {
    if (chunk.length >= left) {
      yield chunk.subarray(0, left)
      return
    }
    left -= chunk.length
    yield chunk
  }
}
