/** Libraries in a process of their own, which keeps the time itself. One line of JSON asks, one answers. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { linesOf, root, spawnNode, stopped } from './child.ts'
import type { Conditions, Contestant, Stream } from './contestant.ts'

async function startLibrary(
  name: string,
  about: (ready: string) => string,
  program: string,
  conditions: Conditions,
): Promise<Contestant> {
  const child = spawnNode(['--import', 'tsx', program, JSON.stringify(conditions)], 'pipe')
  const nextLine = linesOf(child)
  const ready = await nextLine()
  const ask = async (question: object) => {
    child.stdin?.write(`${JSON.stringify(question)}\n`)
    return JSON.parse(await nextLine()) as unknown
  }
  return {
    name,
    about: about(ready),
    run: async (asks) => (await ask({ asks })) as Stream[],
    abort: async (abandoned, afterMs, next) =>
      // JSON has no NaN.
      ((await ask({ abandoned, afterMs, next })) as number | null) ?? Number.NaN,
    pid: child.pid ?? 0,
    stop: () => stopped(child),
  }
}

/** The least a program must do: bench/bare-loop.ts. */
export const startBareLoop = (conditions: Conditions): Promise<Contestant> =>
  startLibrary('bare loop', (ready) => ready, 'bench/bare-loop.ts', conditions)

/** node-llama-cpp's own API; undefined when bench/ has not been installed. */
export async function startNodeLlamaCpp(conditions: Conditions): Promise<Contestant | undefined> {
  const manifest = join(root, 'bench/node_modules/node-llama-cpp/package.json')
  if (!existsSync(manifest)) return undefined
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const about = (ready: string) => `node-llama-cpp ${version}, ${ready}`
  return startLibrary('node-llama-cpp', about, 'bench/node-llama-cpp.ts', conditions)
}
