/** The only part of this room that touches the machine: programs with a deadline, files with a bound. */
import { execFile } from 'node:child_process'
import { open, readdir } from 'node:fs/promises'
import os from 'node:os'

/** What a program said. */
export interface Answer {
  text: string
  /** Why the text may be missing or incomplete. */
  failure?: string
}

export interface Readers {
  platform: NodeJS.Platform
  architecture: string
  /** The environment variables that mask devices and find programs. */
  variables: Readonly<Record<string, string | undefined>>
  /** Never rejects. */
  run(program: string, args: readonly string[]): Promise<Answer>
  /** Undefined where there is no such file, or it must not be read. */
  readText(path: string): Promise<string | undefined>
  /** Names in a folder, sorted; empty where there is none. */
  list(path: string): Promise<string[]>
  /** What the runtime itself knows. */
  system(): { totalBytes: number; freeBytes: number; logicalCores: number }
  /** The processor's name; asking is slow on machines with many cores. */
  cpuName(): string
}

/** Where Windows has its own programs: they are run by their whole paths, because it looks in the current folder first. */
export const windowsFolder = (variables: Readers['variables']): string =>
  variables.SYSTEMROOT ?? String.raw`C:\Windows`

/** Drivers that wake a sleeping GPU need seconds; a driver that hangs never answers. */
const TIMEOUT_MS = 10_000
const MAX_OUTPUT_BYTES = 1 << 20
/** /proc/cpuinfo of a machine with hundreds of cores is the largest. */
const MAX_FILE_BYTES = 4 << 20
const MAX_NAMES = 20_000

/** Readers of the real machine. `variables`: what of the environment the engine gets to see. */
export function systemReaders(variables: Readonly<Record<string, string | undefined>>): Readers {
  // Numbers in the notation of C, whatever language the machine speaks.
  const environment = { ...variables, LC_ALL: 'C' }
  return {
    platform: process.platform,
    architecture: process.arch,
    variables,
    run: (program, args) =>
      new Promise((resolve) => {
        execFile(
          program,
          args,
          {
            env: environment,
            timeout: TIMEOUT_MS,
            killSignal: 'SIGKILL',
            maxBuffer: MAX_OUTPUT_BYTES,
            windowsHide: true,
          },
          (error, stdout) => resolve(error === null ? { text: stdout } : answerOf(error, stdout)),
        )
      }),
    readText,
    list: async (path) => {
      try {
        return (await readdir(path)).slice(0, MAX_NAMES).sort()
      } catch {
        // No such folder: another system, or a sandbox that hides it.
        return []
      }
    },
    system: () => ({
      totalBytes: os.totalmem(),
      freeBytes: os.freemem(),
      logicalCores: os.availableParallelism(),
    }),
    cpuName: () => os.cpus()[0]?.model ?? '',
  }
}

function answerOf(
  error: Error & { code?: string | number | null; killed?: boolean },
  stdout: string,
): Answer {
  const { code, killed } = error
  if (code === 'ENOENT') return { text: '', failure: 'it is not installed' }
  if (code === 'EACCES') return { text: '', failure: 'it may not be run' }
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return { text: '', failure: 'it said far too much' }
  if (killed) return { text: stdout, failure: `it gave no answer within ${TIMEOUT_MS / 1000} s` }
  // Programs of drivers explain themselves on stdout as often as on stderr.
  const [said = ''] = stdout.trim().split('\n', 1)
  return { text: stdout, failure: `it ended with ${code}${said === '' ? '' : ` (${said.slice(0, 200)})`}` }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const file = await open(path)
    try {
      // Files of /proc and /sys have no size that could be asked for, and come in parts.
      const chunks: Buffer[] = []
      let length = 0
      while (length < MAX_FILE_BYTES) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(1 << 16))
        if (bytesRead === 0) break
        chunks.push(buffer.subarray(0, bytesRead))
        length += bytesRead
      }
      return Buffer.concat(chunks).toString('utf8')
    } finally {
      await file.close()
    }
  } catch {
    // Not there, not ours to read, or a device that went away meanwhile: nothing is known either way.
    return undefined
  }
}
