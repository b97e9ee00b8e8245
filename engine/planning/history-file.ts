import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Log } from '../log.ts'
import { HistoryEntry, MOST_ENTRIES } from './history.ts'

/** Ours are well below: anything larger is not ours. */
const MOST_BYTES = 4 * 2 ** 20
const VERSION = 1

const HistoryFile = z.object({
  version: z.literal(VERSION),
  entries: z.array(HistoryEntry).max(MOST_ENTRIES),
})

/** A list of entries that outlives the process. */
export interface HistoryFile {
  entries(): readonly HistoryEntry[]
  /** Changes the list at once and the file soon. */
  update(change: (entries: readonly HistoryEntry[]) => HistoryEntry[]): void
  /** Waits until everything is on disk that can be written. */
  flush(): Promise<void>
}

/**
 * Opens the history at `path`, which need not exist. A file that is not a history is set aside under the same name
 * with `.broken`, and a history that cannot be written lives in memory: nothing here is worth an error. Two servers
 * with the same file overwrite each other's latest entries.
 */
export async function openHistory({ path, log }: { path: string; log: Log }): Promise<HistoryFile> {
  let entries: readonly HistoryEntry[] = await readEntries(path, log)
  let writing: Promise<void> | undefined
  let isStale = false
  let hasComplained = false

  async function writeAll(): Promise<void> {
    while (isStale) {
      isStale = false
      try {
        await writeHistory(path, entries)
      } catch (error) {
        if (!hasComplained) log.warn({ err: error, path }, 'the history of predictions cannot be written')
        hasComplained = true
      }
    }
    writing = undefined
  }

  return {
    entries: () => entries,
    update(change) {
      entries = change(entries)
      isStale = true
      writing ??= writeAll()
    },
    flush: () => writing ?? Promise.resolve(),
  }
}

/** The history in the file, without touching it: empty where there is none or it is damaged. */
export async function readHistory(path: string): Promise<readonly HistoryEntry[]> {
  try {
    return parse(await readBounded(path))
  } catch {
    // Whoever only looks has nothing to repair.
    return []
  }
}

async function readEntries(path: string, log: Log): Promise<readonly HistoryEntry[]> {
  let text: string
  try {
    text = await readBounded(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    log.warn({ err: error, path }, 'the history of predictions cannot be read')
    return []
  }
  try {
    return parse(text)
  } catch (error) {
    const aside = `${path}.broken`
    const isAside = await rename(path, aside).then(
      () => true,
      () => false,
    )
    log.warn({ err: error, path, ...(isAside ? { aside } : {}) }, 'the history of predictions is damaged')
    return []
  }
}

const parse = (text: string): readonly HistoryEntry[] => HistoryFile.parse(JSON.parse(text)).entries

/** At most one byte more than a history may have, which then does not parse. */
async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(MOST_BYTES + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return length > MOST_BYTES ? '' : buffer.toString('utf8', 0, length)
  } finally {
    await file.close()
  }
}

async function writeHistory(path: string, entries: readonly HistoryEntry[]): Promise<void> {
  const temporary = `${path}.${randomUUID()}`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(temporary, `${JSON.stringify({ version: VERSION, entries })}\n`, { flush: true })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}
