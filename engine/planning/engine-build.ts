import { readdir } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { backendsAmong } from '../hardware/reconcile.ts'
import { findLibraryDir } from '../llama/library-dir.ts'
import type { ReadBuild } from './inventory.ts'

/** Tells which GPU backends the engine's folder of libraries has. `packageVersion`: of the npm packages that fit to it. */
export function engineBuildReader(
  libraryDir: string | undefined,
  packageVersion: string | undefined,
): ReadBuild {
  return async () => {
    const folder = findLibraryDir(libraryDir)
    const files = await readdir(folder).catch((cause: Error) => {
      throw new EngineError('load_failed', `there is no engine: ${cause.message}`, { cause })
    })
    return {
      platform: process.platform,
      architecture: process.arch,
      backends: backendsAmong(files),
      ...(packageVersion === undefined ? {} : { packageVersion }),
    }
  }
}
