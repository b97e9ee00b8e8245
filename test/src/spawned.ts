import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'

const DIST = new URL('../../dist/', import.meta.url)

/** Something that runs beside the test and is killed when the test has finished. */
export interface Spawned {
  process: ChildProcess
  stdout: () => string
  stderr: () => string
  /** Settles when the process is gone: its status, or the signal that ended it. */
  ended: Promise<number | string>
}

/** The `snug` command as users run it, with a home folder of its own and no other variables. */
export function snug(args: string[], env: Record<string, string> = {}): Spawned {
  const home = mkdtempSync(join(tmpdir(), 'snug-test-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return run([fileURLToPath(new URL('src/main.js', DIST)), ...args], { HOME: home, ...env })
}

/** A module that may import from `dist/`, given as text. */
export function script(text: string): Spawned {
  return run(['--input-type=module', '--eval', text.replaceAll('dist/', DIST.href)])
}

/** A running server on a free port. */
export async function server(env: Record<string, string> = {}): Promise<Spawned & { url: string }> {
  const spawned = snug(['serve'], { OLLAMA_HOST: '127.0.0.1:0', ...env })
  const url = await vi.waitFor(() => {
    const [, found] = /listening on (\S+)/.exec(spawned.stdout()) ?? []
    if (found === undefined) throw new Error(`not listening yet: ${spawned.stderr()}`)
    return found
  }, 20_000)
  return { ...spawned, url }
}

/** Node itself with these arguments. */
export function run(args: string[], env: Record<string, string> = {}): Spawned {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece
    })
  }
  // 'close' and not 'exit': all output has been read by then.
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  return { process: child, stdout: () => text.stdout, stderr: () => text.stderr, ended }
}
