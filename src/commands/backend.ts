import type { Config } from '../../config/load.ts'
import type { Backend } from '../../engine/backend.ts'
import type { Log } from '../../engine/log.ts'
import { createEmbeddedBackend } from '../../engine/runner/embedded.ts'

const SILENT: Log = { info() {}, warn() {} }

/** The backend for a command that comes and goes; nothing of it starts before it is asked something. */
export const openBackend = (
  { threads, libraryDir, engineEnvironment: environment }: Config,
  log: Log = SILENT,
): Backend =>
  createEmbeddedBackend({ threads, environment, log, ...(libraryDir === undefined ? {} : { libraryDir }) })
