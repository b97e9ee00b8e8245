import { discard } from '../http/body.ts'
import type { ModelName } from '../store/types.ts'
import { RegistryError } from './error.ts'
import { redirectTarget } from './redirect.ts'
import { repositoryUrl } from './repository-url.ts'
import { type Retry, withRetries } from './retry.ts'
import type { Session, SessionAnswer } from './session.ts'
import type { LocalBlob } from './types.ts'
import {
  layUploadParts,
  type PartBody,
  type PartTuning,
  partBody,
  partsEtag,
  type UploadPart,
} from './upload-parts.ts'

export interface UploadTuning extends PartTuning, Retry {
  /** Parts that are on their way to another server at the same time. */
  lanes: number
}

/** Sizes and tries as Ollama has them (server/upload.go). */
export const UPLOAD_TUNING: UploadTuning = {
  parts: 64,
  minPartBytes: 100_000_000,
  maxPartBytes: 1_000_000_000,
  tries: 6,
  firstDelayMs: 1000,
  lanes: 4,
}

interface Upload {
  session: Session
  blob: LocalBlob
  signal: AbortSignal
  tuning: UploadTuning
}

/**
 * Sends a blob in parts, straight from where it lies (ollama server/upload.go). The registry may take a part
 * itself, and then they come one after the other; or it names a server that takes it, and then the next one can
 * be on its way already. `report` gets the bytes that are sent. Throws RegistryError.
 */
export async function uploadBlob(
  upload: Omit<Upload, 'signal'> & {
    name: ModelName
    report: (completed: number) => void
    signal: AbortSignal
  },
): Promise<void> {
  const { session, blob, tuning, name, report } = upload
  const begun = await begin(session, name, blob, upload.signal)
  if (begun === undefined) return
  const failed = new AbortController()
  const signal = AbortSignal.any([upload.signal, failed.signal])
  const inner: Upload = { session, blob, tuning, signal }
  let completed = 0
  const onBytes = (count: number) => {
    completed += count
    report(completed)
  }
  const bodies: PartBody[] = []
  const away = new Set<Promise<void>>()
  let next = begun
  try {
    for (const part of layUploadParts(blob.size, tuning)) {
      const body = partBody(part, blob.read, onBytes)
      bodies.push(body)
      const at = next
      const taken = await withRetries(tuning, signal, () => patch(inner, at, part, body))
      next = taken.next
      if (taken.elsewhere === undefined) continue
      const target = taken.elsewhere
      const sending = withRetries(tuning, signal, () => putElsewhere(inner, target, part, body))
      away.add(sending)
      // Only one that has arrived makes room.
      sending.then(() => away.delete(sending)).catch(() => {})
      if (away.size >= tuning.lanes) await Promise.race(away)
    }
    await Promise.all(away)
    const sums = bodies.map((body) => body.md5())
    await withRetries(tuning, signal, () => finish(inner, next, sums))
  } finally {
    failed.abort()
    await Promise.allSettled(away)
  }
}

/** Where the first part goes; undefined when the registry could take the blob from another model it has. */
async function begin(
  session: Session,
  name: ModelName,
  { digest, source }: LocalBlob,
  signal: AbortSignal,
): Promise<URL | undefined> {
  const url = repositoryUrl(session.base, name, 'blobs/uploads/')
  if (source !== undefined) {
    url.searchParams.set('mount', digest)
    url.searchParams.set('from', `${source.namespace}/${source.model}`)
  }
  const answer = await session.request({ method: 'POST', url, follow: 'same-host', signal })
  discard(answer.body)
  return answer.status === 201 ? undefined : nextUrl(answer)
}

/** Offers a part to the registry. It takes it, or says where it is to go instead. */
async function patch(
  { session, signal }: Upload,
  url: URL,
  part: UploadPart,
  body: PartBody,
): Promise<{ next: URL; elsewhere: URL | undefined }> {
  const answer = await session.request({
    method: 'PATCH',
    url,
    headers: {
      ...partHeaders(part),
      'content-range': `${part.start}-${part.end}`,
      'x-redirect-uploads': '1',
    },
    body: body.open,
    follow: 'none',
    signal,
  })
  discard(answer.body)
  return { next: nextUrl(answer), elsewhere: answer.redirect }
}

/** Brings a part to the server that the registry named. It gets no token. */
async function putElsewhere(
  { session, signal }: Upload,
  url: URL,
  part: UploadPart,
  body: PartBody,
): Promise<void> {
  const answer = await session.request({
    method: 'PUT',
    url,
    headers: partHeaders(part),
    body: body.open,
    follow: 'none',
    isAnonymous: true,
    signal,
  })
  discard(answer.body)
  if (answer.redirect !== undefined) {
    throw new RegistryError('malformed', `${url.host} sends a part on to ${answer.redirect.host}`)
  }
}

async function finish({ session, blob, signal }: Upload, at: URL, sums: readonly Buffer[]): Promise<void> {
  const url = new URL(at)
  url.searchParams.set('digest', blob.digest)
  url.searchParams.set('etag', partsEtag(sums))
  const headers = { 'content-type': 'application/octet-stream', 'content-length': '0' }
  discard((await session.request({ method: 'PUT', url, headers, follow: 'same-host', signal })).body)
}

const partHeaders = ({ start, end }: UploadPart) => ({
  'content-type': 'application/octet-stream',
  'content-length': String(end - start + 1),
})

/** Where the registry wants what comes next. */
const nextUrl = (answer: SessionAnswer): URL =>
  redirectTarget(answer.url, answer.header('docker-upload-location') || answer.header('location'))
