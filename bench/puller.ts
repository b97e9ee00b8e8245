/** A process of its own that pulls one model with the built code and ends. */
import { once } from 'node:events'
import type { DownloadTuning } from '../engine/registry/download/tuning.ts'
import { linesOf, root, spawnNode, spawnNodeLimited } from './child.ts'

const PROGRAM = `
import { DOWNLOAD_TUNING } from 'dist/engine/registry/download/tuning.js'
import { createPulls } from 'dist/engine/registry/pull.js'
import { openRegistries } from 'dist/engine/registry/registries.js'
import { openModelStore } from 'dist/engine/store/models.js'
import { parseModelName } from 'dist/engine/store/name.js'

const { folder, model, tuning: change } = JSON.parse(process.env.PULL)
const log = { info() {}, warn() {} }
const models = await openModelStore({ folder, log, noPrune: false })
const registries = openRegistries({ userAgent: 'snug/bench', keyPath: folder + '/key' })
const pulls = createPulls({ models, registries, log, tuning: { ...DOWNLOAD_TUNING, ...change } })
let last = ''
try {
  const request = { name: parseModelName(model), insecure: true }
  for await (const event of pulls.pull(request, new AbortController().signal)) last = event.text
} catch (error) {
  last = error.message
}
console.log(last)
await pulls.close()
await registries.close()
`.replaceAll('dist/', new URL('dist/', `file://${root}`).href)

export interface Puller {
  /** As with kill -9. */
  kill(): void
  /** How it ended: the last status or the error; `killed` when it could say neither. */
  ended: Promise<string>
}

/** Pulls `model` into a models folder; no file may get larger than `maxFileKiB`. Needs `dist/`. */
export function startPuller(
  folder: string,
  model: string,
  tuning: Partial<DownloadTuning>,
  maxFileKiB?: number,
): Puller {
  const PULL = JSON.stringify({ folder, model, tuning })
  const args = ['--input-type=module', '--eval', PROGRAM]
  const child =
    maxFileKiB === undefined
      ? spawnNode(args, 'ignore', { PULL })
      : spawnNodeLimited(args, { PULL }, maxFileKiB)
  const exit = once(child, 'exit')
  const said = linesOf(child)().catch(() => 'killed')
  return {
    kill: () => void child.kill('SIGKILL'),
    ended: Promise.all([said, exit]).then(([text]) => text),
  }
}
