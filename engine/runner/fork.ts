import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The programs that run as children. */
export type ChildEntry = 'child' | 'quantize-child' | 'convert-child' | 'devices-child'

/**
 * Starts an entry beside this file; run from source it needs the loader that understands TypeScript.
 * `environment` is all the child sees of ours.
 */
export function forkChild(entry: ChildEntry, environment: Record<string, string>): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts')
  const file = fileURLToPath(new URL(`./${entry}.${isSource ? 'ts' : 'js'}`, import.meta.url))
  const loader = isSource ? pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href : undefined
  return fork(file, [], {
    execArgv: loader === undefined ? [] : ['--import', loader],
    env: environment,
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}
