import { spawnSync } from 'node:child_process'
import type { Conditions, Contestant } from './contestant.ts'
import { startBareLoop, startNodeLlamaCpp } from './library-contestants.ts'
import { type Speculation, startLlamaServer, startSnug } from './server-contestants.ts'

export interface Field {
  contestants: Contestant[]
  /** Who is not there, and what to do about it. */
  missing: string[]
  stop(): Promise<void>
}

/**
 * Starts everybody who is there, the bare loop first, and Snug once for each of `speculations`. `llamaServer` is a
 * program's path, or one on the PATH.
 */
export async function startField(
  conditions: Conditions,
  llamaServer: string | undefined,
  speculations: readonly Speculation[],
): Promise<Field> {
  const contestants: Contestant[] = []
  const missing: string[] = []
  const stop = async () => {
    await Promise.all(contestants.map((contestant) => contestant.stop()))
  }
  try {
    contestants.push(await startBareLoop(conditions))
    for (const speculation of speculations) contestants.push(await startSnug(conditions, speculation))
    const binding = await startNodeLlamaCpp(conditions)
    if (binding !== undefined) contestants.push(binding)
    else {
      const command = 'npm ci --prefix bench --ignore-scripts --omit=optional'
      missing.push(`node-llama-cpp is not installed; ${command} would`)
    }
    const program = llamaServer ?? onPath('llama-server')
    if (program !== undefined) contestants.push(await startLlamaServer(program, conditions))
    else missing.push('no llama-server was given (--llama-server PATH) and none is on the PATH')
    return { contestants, missing, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function onPath(program: string): string | undefined {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined ? program : undefined
}
