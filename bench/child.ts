import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Sees to it that a child does not outlive this process, however that ends. */
export function owned<T extends ChildProcess>(child: T): T {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Ends a child and waits until it is gone. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

/** The lines a child prints, one at a time. */
export function linesOf(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the process ended')
    return value
  }
}

/** Runs Node in the project's folder. */
export const spawnNode = (
  args: readonly string[],
  stdin: 'pipe' | 'ignore',
  env: Record<string, string> = {},
) =>
  owned(
    spawn(process.execPath, args, {
      cwd: root,
      stdio: [stdin, 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    }),
  )

/** The same, but no file that it writes gets larger than `maxFileKiB`. */
export const spawnNodeLimited = (args: readonly string[], env: Record<string, string>, maxFileKiB: number) =>
  owned(
    // The shell counts in blocks of 512 bytes.
    spawn('sh', ['-c', `ulimit -f ${maxFileKiB * 2}; exec "$0" "$@"`, process.execPath, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    }),
  )
