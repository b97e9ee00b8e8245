/** How fast the processor computes, as a calibration has found: kept in a file, for machines that are the same. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { CpuProfile } from '../fit/cpu-profile.ts'
import type { CpuReading } from '../hardware/types.ts'
import { usableCores } from './join-machine.ts'

/** Beyond what is a file of ours: block types, and characters of a text. */
const MOST_TYPES = 64
const MOST_TEXT = 1000

const Record = z.object({
  processor: z.string().max(MOST_TEXT),
  bytesPerSecond: z
    .record(z.string().max(MOST_TEXT), z.number().positive().max(1e15))
    .refine((rates) => Object.keys(rates).length <= MOST_TYPES, 'more block types than there are'),
  layerSeconds: z.number().nonnegative().max(1),
  expertLayerSeconds: z.number().nonnegative().max(1),
})

export interface CpuSpeed {
  /** The calibration of this processor; undefined where nobody has made one. Never throws. */
  read(cpu: CpuReading): Promise<CpuProfile | undefined>
  /** Keeps a calibration of this processor in place of any other. Passes on what the file system says. */
  keep(cpu: CpuReading, profile: CpuProfile): Promise<void>
}

/** `threads`: compute threads as the operator has set them, 0 where the machine decides. */
export function createCpuSpeed({ file, threads }: { file: string; threads: number }): CpuSpeed {
  /** What speed depends on: a container with fewer cores is another machine. */
  const processorOf = (cpu: CpuReading): string =>
    `${cpu.name} (${cpu.architecture}), ${threads > 0 ? threads : usableCores(cpu)} threads`.slice(
      0,
      MOST_TEXT,
    )
  return {
    async read(cpu) {
      try {
        const { processor, ...profile } = Record.parse(JSON.parse(await readFile(file, 'utf8')))
        return processor === processorOf(cpu) ? profile : undefined
      } catch {
        // There is none, or somebody has changed it: calibrating again repairs that.
        return undefined
      }
    },
    async keep(cpu, profile) {
      const unfinished = `${file}.${process.pid}`
      await mkdir(dirname(file), { recursive: true })
      try {
        await writeFile(unfinished, `${JSON.stringify({ processor: processorOf(cpu), ...profile })}\n`)
        await rename(unfinished, file)
      } finally {
        await rm(unfinished, { force: true })
      }
    },
  }
}
