import { open } from 'node:fs/promises'
import { z } from 'zod'
import { readJson, type SourceFiles } from './json-file.ts'
import { quoted, refused } from './refuse.ts'
import { headerBytes, LENGTH_BYTES, parseHeader, type SafetensorsTensor } from './safetensors.ts'

/** A tensor and the file it lies in. */
export interface SourceTensor extends SafetensorsTensor {
  path: string
}

const INDEX = 'model.safetensors.index.json'
const Index = z.object({ weight_map: z.record(z.string(), z.string()) })

/**
 * All tensors of a source by name, from every safetensors file it has. Throws EngineError `convert_failed` when there
 * is none, when a file is broken, when a tensor comes twice, and when the index names what is not there.
 */
export async function readWeights(files: SourceFiles): Promise<Map<string, SourceTensor>> {
  const names = weightFiles([...files.keys()])
  if (names.length === 0) throw refused('it has no safetensors files')
  await checkIndex(files, names)
  const tensors = new Map<string, SourceTensor>()
  for (const name of names) {
    const path = files.get(name)
    if (path === undefined) continue
    for (const tensor of await readTensors(name, path)) {
      if (tensors.has(tensor.name)) throw refused(`the tensor ${quoted(tensor.name)} comes twice`)
      tensors.set(tensor.name, { ...tensor, path })
    }
  }
  return tensors
}

/** Some repositories hold their weights a second time, in the format of their makers. */
function weightFiles(names: readonly string[]): string[] {
  const all = names.filter((name) => name.endsWith('.safetensors') && !name.includes('/')).sort()
  const usual = all.filter((name) => name.startsWith('model'))
  return usual.length > 0 ? usual : all
}

async function checkIndex(files: SourceFiles, names: readonly string[]): Promise<void> {
  const index = await readJson(files, INDEX, Index)
  if (index === undefined) return
  const missing = Object.values(index.weight_map).find((name) => !names.includes(name))
  if (missing !== undefined) throw refused(`the file ${quoted(missing)}, which ${INDEX} names, is missing`)
}

async function readTensors(name: string, path: string): Promise<SafetensorsTensor[]> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const read = async (bytes: number, position: number) => {
      const buffer = Buffer.alloc(bytes)
      const { bytesRead } = await file.read(buffer, 0, bytes, position)
      return buffer.subarray(0, bytesRead)
    }
    const source = { name, bytes: size }
    const length = headerBytes(await read(LENGTH_BYTES, 0), source)
    const header = await read(length, LENGTH_BYTES)
    if (header.length < length) throw refused(`${quoted(name)} lost its end while it was read`)
    return parseHeader(header, source)
  } finally {
    await file.close()
  }
}
