import type { Config } from '../../config/load.ts'
import type { Log } from '../../engine/log.ts'
import { openModelStore } from '../../engine/store/models.ts'
import type { ModelStore } from '../../engine/store/types.ts'

/** What a person at a terminal need not read is left out. */
export const TERMINAL_LOG: Log = {
  info() {},
  warn(fields, message) {
    const { err } = fields as { err?: unknown }
    const reason = err instanceof Error ? `: ${err.message}` : ''
    process.stderr.write(`snug: ${message}${reason}\n`)
  },
}

/** The models folder, for a command that comes and goes: a server may be using it at the same time. */
export const openModels = ({ modelsFolder, noPrune, templates }: Config): Promise<ModelStore> =>
  openModelStore({
    folder: modelsFolder,
    log: TERMINAL_LOG,
    noPrune,
    templates,
    skipTidying: true,
  })
