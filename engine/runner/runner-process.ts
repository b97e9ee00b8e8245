import { forkChild } from './fork.ts'
import type { ToChild } from './protocol.ts'

/** How long a child may take to leave before it is killed. */
export const GRACE_MS = 2_000

/** A process that outlives SIGKILL for this long is stuck in the kernel, most likely in a driver. */
const UNDEAD_MS = 10_000

export interface RunnerProcess {
  /** Says nothing to a process that is gone; `exited` tells everybody who waits. */
  send(message: ToChild): void
  /** False as soon as the process is known to be gone, which the channel shows a moment later. */
  isThere(): boolean
  /**
   * Settles with the signal or status it ended with. The kernel has collected the process by then, and has taken
   * back its memory, that on GPUs too.
   */
  readonly exited: Promise<string>
  /** The last line it wrote to its standard error: an assertion that failed, for example. */
  lastWords(): string
  /**
   * Asks the process to leave, kills it when it has not done so after `graceMs`, and waits until it is gone. It is
   * asked by message and not by SIGTERM: whole process groups get that one, so a child has to ignore it.
   */
  end(graceMs?: number): Promise<void>
  kill(): void
}

/** Starts a process without a model. `receive` gets its messages as they are, unchecked. */
export function startProcess(
  environment: Record<string, string>,
  receive: (message: unknown) => void,
  log: (message: string) => void,
): RunnerProcess {
  const child = forkChild('child', environment)
  let hasExited = false
  let lastWords = ''
  let ending: Promise<void> | undefined

  const exited = new Promise<string>((resolve) => {
    const settle = (how: string) => {
      hasExited = true
      resolve(how)
    }
    child.once('exit', (code, signal) => settle(signal ?? `exit status ${code}`))
    // Only a process that never was is gone with an error; others were not reached by a signal or a message.
    child.on('error', (error) => (child.pid === undefined ? settle(error.message) : log(error.message)))
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = text.trim().split('\n').at(-1)?.slice(0, 500) ?? ''
    log(text.trim())
  })
  child.on('message', receive)
  // Nothing can be asked of a process that has closed its channel.
  child.once('disconnect', () => kill())

  const kill = () => void child.kill('SIGKILL')
  const send = (message: ToChild) => {
    if (child.connected) child.send(message, () => {})
  }

  async function leave(graceMs: number): Promise<void> {
    send({ type: 'shutdown' })
    const impatience = setTimeout(kill, graceMs)
    const alarm = setTimeout(
      () => log(`process ${child.pid} does not end, and keeps its memory`),
      graceMs + UNDEAD_MS,
    )
    await exited
    clearTimeout(impatience)
    clearTimeout(alarm)
  }

  return {
    send,
    isThere: () => child.connected && !hasExited,
    exited,
    lastWords: () => lastWords,
    end(graceMs = GRACE_MS) {
      ending ??= leave(graceMs)
      return ending
    },
    kill,
  }
}
