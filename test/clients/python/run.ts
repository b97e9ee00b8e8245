import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** What Python itself needs: no proxy of the machine stands between a client and a server on loopback. */
const { PATH, HOME } = process.env
const env = { PATH, HOME, NO_PROXY: '*' }

/** Whether `python3` can import a package; where it cannot, that is said on stderr, so that no skipped test is silent. */
export function hasPython(name: string): boolean {
  const { status } = spawnSync('python3', ['-c', `import ${name}`], { env })
  if (status !== 0) {
    process.stderr.write(`skipped: python3 cannot import ${name} (pip install ${name})\n`)
  }
  return status === 0
}

/** Runs a script of this folder, killed when the test ends; the JSON it printed. Throws with what it wrote on stderr. */
export async function runPython(script: string, args: readonly string[]): Promise<unknown> {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const running = promisify(execFile)('python3', [file, ...args], { env })
  onTestFinished(() => void running.child.kill('SIGKILL'))
  return JSON.parse((await running).stdout)
}
