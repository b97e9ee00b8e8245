/**
 * Kept states in a folder that outlives the process and that several servers may use at the same time. A file
 * is written under a temporary name and renamed, so that it is there whole or not at all; one that vanished or
 * does not check is as good as never written. When room is needed, the files longest unused go first.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { bestFor, covers, prefixOf, type SavedPrefix, type SavedState } from './saved-state.ts'
import { fileBytes, readHeader, readState, type StateFile, writeState } from './state-file.ts'

/** Below the folder that the operator chose, whose own permissions are theirs. */
const FOLDER = 'prefixes'
const SUFFIX = '.kv'
const TEMPORARY = '.tmp'
/** A temporary file older than this has lost its writer. */
const ABANDONED_MS = 3_600_000
/** A folder changed this recently may have changed again within the resolution of its time stamp. */
const SETTLED_MS = 1000
/** Entries of one model that are looked at; the folder may hold more. */
const MOST_ENTRIES = 4096

export interface DiskEntry extends SavedPrefix {
  readonly name: string
  readonly header: StateFile
}

export interface DiskTier {
  /** The entry that saves the prompt the most tokens, among those seen by the last `refresh`. */
  best(beginning: ArrayLike<number>): { saved: DiskEntry; prefix: number } | undefined
  covers(tokens: ArrayLike<number>): boolean
  /** Looks what is in the folder. Cheap when nothing has changed. */
  refresh(): Promise<void>
  /** Undefined when the file has gone or is not sound; it is not offered again then. */
  read(entry: DiskEntry): Promise<SavedState | undefined>
  /** The state did not fit although its file is sound: it is not offered again. */
  reject(state: SavedState): void
  /** Writes a state unless it is larger than the bound; what it extends goes. Never rejects. */
  write(state: SavedState): Promise<void>
}

export interface DiskTierOptions {
  dir: string
  /** What may lie in the folder, whoever wrote it. */
  limit: number
  /** 32 bytes that stand for the model and everything its states depend on. */
  key: Buffer
  /** Longer entries do not fit a slot. */
  mostTokens: number
  canGoBack: boolean
  log: (message: string) => void
}

/** Opens the folder, making it if need be. Throws Error when it cannot be used or is open to other users. */
export async function openDiskTier(options: DiskTierOptions): Promise<DiskTier> {
  const { limit, key, mostTokens, canGoBack, log } = options
  const folder = join(options.dir, FOLDER)
  await makePrivate(folder)
  const prefix = `${key.toString('hex').slice(0, 32)}-`
  const entries = new Map<string, DiskEntry>()
  const unsound = new Set<string>()
  let seenAt = Number.NaN
  let work: Promise<void> = Promise.resolve()

  const pathOf = (name: string) => join(folder, name)
  // The same tokens give the same name, whoever writes them.
  const nameOf = ({ tokens }: SavedState) =>
    `${prefix}${createHash('sha256').update(tokens).digest('hex').slice(0, 32)}${SUFFIX}`

  async function refresh(): Promise<void> {
    const { mtimeMs } = await stat(folder)
    if (mtimeMs === seenAt) return
    const names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith(SUFFIX))
    const present = new Set(names)
    for (const name of [...entries.keys(), ...unsound]) {
      if (present.has(name)) continue
      entries.delete(name)
      unsound.delete(name)
    }
    const isNew = (name: string) => !entries.has(name) && !unsound.has(name)
    for (const name of names.slice(0, MOST_ENTRIES).filter(isNew)) await readEntry(name)
    seenAt = Date.now() - mtimeMs > SETTLED_MS ? mtimeMs : Number.NaN
  }

  async function readEntry(name: string): Promise<void> {
    const header = await readHeader(pathOf(name), key, mostTokens).catch(() => undefined)
    if (header === undefined) unsound.add(name)
    else entries.set(name, { ...header, name, header })
  }

  async function forget(name: string): Promise<void> {
    entries.delete(name)
    await rm(pathOf(name), { force: true })
  }

  async function write(state: SavedState): Promise<void> {
    const size = fileBytes(state)
    if (size > limit) return
    const saved = prefixOf(state)
    const temporary = pathOf(`${process.pid}-${randomUUID()}${TEMPORARY}`)
    const name = nameOf(state)
    try {
      await trim(folder, limit - size)
      await writeState(temporary, key, state)
      await rename(temporary, pathOf(name))
      unsound.delete(name)
      await readEntry(name)
      for (const [older, { tokens }] of [...entries]) {
        if (older !== name && covers(saved, tokens, canGoBack)) await forget(older)
      }
      // Another server may have written at the same time.
      await trim(folder, limit)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      log(`a prompt's state could not be written to ${folder}: ${(error as Error).message}`)
    }
  }

  await refresh()
  return {
    best: (beginning) => bestFor(entries.values(), beginning, canGoBack),
    covers: (tokens) => [...entries.values()].some((entry) => covers(entry, tokens, canGoBack)),
    // What the folder holds is only a chance: a folder that has become unreadable offers none.
    refresh: () => refresh().catch(() => entries.clear()),
    async read({ name, header }) {
      const state = await readState(pathOf(name), header).catch(() => undefined)
      const now = new Date()
      if (state !== undefined) await utimes(pathOf(name), now, now).catch(() => {})
      else reject(name)
      return state
    },
    reject: (state) => reject(nameOf(state)),
    write(state) {
      // One at a time: each looks at what the folder holds.
      work = work.then(() => write(state))
      return work
    },
  }

  function reject(name: string): void {
    entries.delete(name)
    unsound.add(name)
  }
}

async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = await stat(folder)
  // Windows has neither.
  if (process.getuid === undefined) return
  if (uid !== process.getuid()) throw new Error(`${folder} belongs to another user`)
  if ((mode & 0o077) !== 0) throw new Error(`${folder} is open to other users: chmod 700 it`)
}

/** Deletes what was used longest ago until at most `limit` bytes are left, and what writers left behind. */
async function trim(folder: string, limit: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX) || name.endsWith(TEMPORARY))
  const found = await Promise.all(
    names.map(async (name) => {
      // Gone since: another server made room too.
      const { size, mtimeMs } = await stat(join(folder, name)).catch(() => ({ size: 0, mtimeMs: 0 }))
      return { name, size, mtimeMs }
    }),
  )
  let bytes = found.reduce((sum, { size }) => sum + size, 0)
  for (const { name, size, mtimeMs } of found.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
    const isAbandoned = name.endsWith(TEMPORARY) && Date.now() - mtimeMs > ABANDONED_MS
    const isWanted = bytes <= limit || name.endsWith(TEMPORARY)
    if (isWanted && !isAbandoned) continue
    await rm(join(folder, name), { force: true })
    bytes -= size
  }
}
