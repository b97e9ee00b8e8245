import { createHash } from 'node:crypto'
import type { ModelName } from '../../store/types.ts'
import { readAtMost } from '../body.ts'
import { RegistryError } from '../error.ts'
import { asManifestFailure } from '../manifest-failure.ts'
import { locateAt } from '../remote-blob.ts'
import type { Session } from '../session.ts'
import { MAX_PAGE_BYTES, nextPage, parsePage } from './listing.ts'
import { asRefusal } from './refusal.ts'
import type { Hub, HubFile } from './types.ts'

/** Repositories of models have up to a few hundred files; a page has up to a thousand. */
const MAX_PAGES = 32
/** Files that matter; the largest models have a few hundred parts. */
const MAX_FILES = 5000

/** Templates and system texts have a few kilobytes. */
const MAX_TEXT_BYTES = 256 * 1024

/** What can be asked of Hugging Face. It is the same session as for the protocol of registries. */
export const createHub = (session: Session, { hasToken }: { hasToken: boolean }): Hub => ({
  hasToken,
  files: (name, signal) => listFiles(session, name, signal).catch(asRefusal).catch(asManifestFailure),
  blob: (name, file, signal) =>
    locateAt(session, fileUrl(session.base, name, file), file, signal).catch(asRefusal),
  text: (name, file, signal) =>
    readText(session, name, file, signal).catch(asRefusal).catch(asManifestFailure),
})

async function listFiles(session: Session, name: ModelName, signal: AbortSignal): Promise<HubFile[]> {
  const files: HubFile[] = []
  const path = `/api/models/${name.namespace}/${name.model}/tree/main?recursive=true`
  let url: URL | undefined = new URL(path, session.base)
  for (let pages = 0; url !== undefined; pages++) {
    if (pages >= MAX_PAGES) throw tooLong(`${MAX_PAGES} pages`)
    const answer = await session.request({ method: 'GET', url, follow: 'all', signal })
    files.push(...parsePage(await readAtMost(answer.chunks(), MAX_PAGE_BYTES)))
    if (files.length > MAX_FILES) throw tooLong(`${MAX_FILES} models`)
    url = pageAfter(session.base, answer.header('link'))
  }
  return files
}

const tooLong = (limit: string) =>
  new RegistryError('malformed', `the list of files on Hugging Face has more than ${limit}`)

async function readText(
  session: Session,
  name: ModelName,
  file: HubFile,
  signal: AbortSignal,
): Promise<string> {
  const url = fileUrl(session.base, name, file)
  const answer = await session.request({ method: 'GET', url, follow: 'all', signal })
  const content = await readAtMost(answer.chunks(), MAX_TEXT_BYTES)
  if (isContentOf(file, content)) return content.toString('utf8')
  throw new RegistryError('malformed', `the file "${file.path}" is not what Hugging Face lists: pull again`)
}

/**
 * The next page. Only the path of a `Link` counts, and only within the list: mirrors send the addresses of the
 * original along, and nobody else is to be asked.
 */
function pageAfter(base: URL, link: string | undefined): URL | undefined {
  const next = nextPage(link)
  if (next === undefined) return undefined
  const url = URL.canParse(next, base.href) ? new URL(next, base) : undefined
  // The repository may have got another name meanwhile.
  if (url === undefined || !/^\/api\/models\/[^/]+\/[^/]+\/tree\//.test(url.pathname)) {
    throw new RegistryError('refused', 'the list of files on Hugging Face goes on somewhere else')
  }
  return new URL(url.pathname + url.search, base)
}

function fileUrl(base: URL, { namespace, model }: ModelName, { path }: HubFile): URL {
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return new URL(`/${namespace}/${model}/resolve/main/${encoded}`, base)
}

/** By SHA-256, or by the hash that Git gives to content, which has its length before it. */
function isContentOf({ size, digest, gitHash }: HubFile, content: Buffer): boolean {
  if (content.length !== size) return false
  if (digest !== undefined) {
    return digest === `sha256:${createHash('sha256').update(content).digest('hex')}`
  }
  return gitHash === createHash('sha1').update(`blob ${size}\0`).update(content).digest('hex')
}
