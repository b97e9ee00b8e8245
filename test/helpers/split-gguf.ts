import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ValueToWrite } from '../../engine/gguf/encode.ts'
import { readGgufFile } from '../../engine/gguf/read.ts'
import { writeGguf } from '../../engine/gguf/write.ts'

export interface SplitWish {
  folder: string
  prefix?: string
  /** Tensors of each file but the last, which takes what is left. */
  tensors: readonly number[]
  /** Metadata of a file laid over what it has. */
  change?: (index: number) => Record<string, ValueToWrite>
}

/** Splits a model as llama.cpp's gguf-split does: all metadata in the first file. Returns the paths in order. */
export async function splitGguf(from: string, wish: SplitWish): Promise<string[]> {
  const header = await readGgufFile(from)
  const bytes = await readFile(from)
  const count = wish.tensors.length + 1
  const paths: string[] = []
  let next = 0
  for (let index = 0; index < count; index++) {
    const metadata = new Map<string, ValueToWrite>()
    if (index === 0) {
      for (const key of header.metadata.keys()) {
        metadata.set(key, { type: 'encoded', value: header.encoded(key) ?? new Uint8Array() })
      }
    }
    metadata.set('split.no', { type: 'uint16', value: index })
    metadata.set('split.tensors.count', { type: 'int32', value: header.tensors.length })
    metadata.set('split.count', { type: 'uint16', value: count })
    for (const [key, value] of Object.entries(wish.change?.(index) ?? {})) metadata.set(key, value)
    const end = index === count - 1 ? header.tensors.length : next + (wish.tensors[index] ?? 0)
    const tensors = header.tensors.slice(next, end).map((tensor) => {
      const start = header.dataOffset + tensor.offset
      return {
        ...tensor,
        async *data() {
          yield bytes.subarray(start, start + tensor.bytes)
        },
      }
    })
    next = end
    const number = (n: number) => String(n).padStart(5, '0')
    const path = join(wish.folder, `${wish.prefix ?? 'model'}-${number(index + 1)}-of-${number(count)}.gguf`)
    await writeGguf(path, { metadata: [...metadata], tensors })
    paths.push(path)
  }
  return paths
}
