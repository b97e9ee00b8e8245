import { basename, dirname, join } from 'node:path'
import { readGgufFile } from '../../gguf/read.ts'
import { readSplitHeader } from '../../gguf/split.ts'
import { splitName } from '../../gguf/split-name.ts'
import { factsFromHeader } from './from-header.ts'
import type { Target } from './types.ts'

/** The model in a GGUF file of this machine, or in a split one of which any part is named. Throws GgufError. */
export async function fileTarget(path: string, signal: AbortSignal): Promise<Target> {
  const split = splitName(basename(path))
  const five = (number: number) => String(number).padStart(5, '0')
  const header =
    split === undefined
      ? await readGgufFile(path)
      : await readSplitHeader(
          Array.from({ length: split.count }, (_, index) =>
            join(dirname(path), `${split.prefix}-${five(index + 1)}-of-${five(split.count)}.gguf`),
          ),
          signal,
        )
  const model = factsFromHeader(header, { name: basename(path), source: 'installed' })
  return { model, siblings: [], offer: undefined, notes: [] }
}
