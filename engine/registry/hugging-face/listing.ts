import { z } from 'zod'
import { RegistryError } from '../error.ts'
import { isTextFile } from './text-files.ts'
import type { HubFile } from './types.ts'

/** A page has up to 1000 files of a few hundred bytes each. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024
const MAX_PAGE_FILES = 10_000
/** Paths in Git have no more. */
const MAX_PATH = 4096
/** Above any file that Hugging Face takes (500 GB). */
const MAX_FILE_BYTES = 2 ** 40

const bytes = z.number().int().nonnegative().max(MAX_FILE_BYTES)

// GET /api/models/{user}/{repository}/tree/{revision} (huggingface_hub RepoFile and RepoFolder).
const Page = z
  .array(
    z.object({
      type: z.string(),
      path: z.string().min(1).max(MAX_PATH),
      size: bytes.default(0),
      oid: z
        .string()
        .regex(/^[0-9a-f]{40}$/)
        .optional()
        .catch(undefined),
      lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: bytes }).nullish(),
    }),
  )
  .max(MAX_PAGE_FILES)

/**
 * The files of a page that matter to a pull. Throws RegistryError `malformed` when it is no page, or when one of them
 * has a name that could lead somewhere else. Names of other files do not matter.
 */
export function parsePage(content: Buffer): HubFile[] {
  return readPage(content)
    .filter(({ type, path }) => type === 'file' && (/\.gguf$/i.test(path) || isTextFile(path)))
    .map(({ path, size, oid, lfs }) => {
      if (!isSafePath(path)) throw malformed('names a file in a way that is not safe')
      if (lfs && lfs.size !== size) throw malformed('gives a file two sizes')
      return { path, size, digest: lfs ? `sha256:${lfs.oid}` : undefined, gitHash: oid }
    })
}

function readPage(content: Buffer): z.output<typeof Page> {
  try {
    return Page.parse(JSON.parse(content.toString('utf8')))
  } catch (cause) {
    throw malformed('is none', cause)
  }
}

/** No walking up, no control characters, nothing that is no text; backslashes are slashes to some. */
const isSafePath = (path: string): boolean =>
  !/[\\\p{Cc}\p{Cf}\p{Cs}]/u.test(path) &&
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

/** The address of the next page in a `Link` header; undefined when there is none. */
export function nextPage(link: string | undefined): string | undefined {
  if (link === undefined || link.length > 8 * 1024) return undefined
  return /<([^<>]*)>\s*;[^,<>]*\brel="?next\b/i.exec(link)?.[1]
}

const malformed = (why: string, cause?: unknown) =>
  new RegistryError('malformed', `the list of files on Hugging Face ${why}`, { cause })
