import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pulls } from '../../engine/registry/pull.ts'
import type { Registries } from '../../engine/registry/types.ts'
import { openModelStore } from '../../engine/store/models.ts'
import type { ModelStore, StoreLog } from '../../engine/store/types.ts'

/** A log that keeps what it is told. */
export function recordingLog(): StoreLog & { lines: { message: string; details: object }[] } {
  const lines: { message: string; details: object }[] = []
  const record = (details: object, message: string) => {
    lines.push({ message, details })
  }
  return { lines, info: record, warn: record }
}

/** A store as the server opens it; nothing it logs matters to the test. */
export const openStore = (folder: string, noPrune = false): Promise<ModelStore> =>
  openModelStore({ folder, log: recordingLog(), noPrune })

const unused = () => {
  throw new Error('this test has none')
}

/** A store without a folder, for tests that replace what they use. */
export const NO_STORE: ModelStore = {
  list: unused,
  find: unused,
  details: unused,
  delete: unused,
  copy: unused,
  manifest: unused,
  spelling: unused,
  hasBlob: unused,
  blobPath: unused,
  blobVersion: unused,
  recheck: unused,
  putBlob: unused,
  temporaryPath: unused,
  putFile: unused,
  takeFile: unused,
  hold: unused,
  removeUnused: unused,
  install: unused,
}

/** No way to registries, for tests that need none. */
export const NO_REGISTRIES: Registries = { open: unused, file: unused, close: async () => {} }

/** No pulls, for tests that need none. */
export const NO_PULLS: Pulls = { pull: unused, close: async () => {} }

/** The names in the blobs folder, sorted. */
export const blobNames = async (folder: string): Promise<string[]> =>
  (await readdir(join(folder, 'blobs'))).sort()

/** Makes a file look as if it was written two hours ago. */
export const makeOld = (path: string): Promise<void> => {
  const then = new Date(Date.now() - 2 * 60 * 60 * 1000)
  return utimes(path, then, then)
}
