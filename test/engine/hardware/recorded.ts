import type { Answer, Readers } from '../../../engine/hardware/readers.ts'

export const GIB = 2 ** 30

export interface Recording {
  platform?: NodeJS.Platform
  architecture?: string
  variables?: Record<string, string>
  /** By program, then by the beginning of its arguments. */
  programs?: Record<string, Record<string, string | Answer>>
  files?: Record<string, string>
  system?: Partial<ReturnType<Readers['system']>>
}

/** A machine that is nothing but these recordings; `asked` collects the programs that were run. */
export function recorded(recording: Recording, asked: string[] = []): Readers {
  const { platform = 'linux', architecture = 'x64', variables = {}, programs = {}, files = {} } = recording
  return {
    platform,
    architecture,
    variables,
    run: async (program, args) => {
      const line = args.join(' ')
      asked.push(`${program} ${line}`)
      const answers = programs[program]
      if (answers === undefined) return { text: '', failure: 'it is not installed' }
      const known = Object.entries(answers).find(([start]) => line.startsWith(start))?.[1]
      if (known === undefined) return { text: '', failure: 'it ended with 2' }
      return typeof known === 'string' ? { text: known } : known
    },
    readText: async (path) => files[path],
    list: async (path) => {
      const inside = Object.keys(files).filter((file) => file.startsWith(`${path}/`))
      return [...new Set(inside.map((file) => file.slice(path.length + 1).split('/')[0] ?? ''))].sort()
    },
    system: () => ({
      totalBytes: 64 * GIB,
      freeBytes: 48 * GIB,
      logicalCores: 8,
      ...recording.system,
    }),
    cpuName: () => 'A processor',
  }
}

/** What no parser may choke on. */
export const HOSTILE: readonly string[] = [
  '',
  '\n\n\n',
  '\0\0\0',
  '{',
  'null',
  '[]',
  '{"adapters":null,"registry":[{"Memory":1e999}]}',
  ','.repeat(100_000),
  'GPU0:\n'.repeat(10_000),
  `${'9'.repeat(400)}, GPU-1, x, y, ${'9'.repeat(400)}`,
  '\u001b[31mred\u001b[0m, GPU-x',
  '<html><body>502</body></html>',
  'a'.repeat(1 << 20),
]
