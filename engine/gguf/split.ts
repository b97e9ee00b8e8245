import { basename } from 'node:path'
import { GgufError } from './error.ts'
import { LIMITS } from './limits.ts'
import { show } from './parse.ts'
import { readGgufFile } from './read.ts'
import { type SplitName, splitName } from './split-name.ts'
import type { GgufHeader, GgufTensor } from './types.ts'

/** Metadata that only the files of a split model have (llama.cpp src/llama-arch.cpp). */
const SPLIT_NO = 'split.no'
const SPLIT_COUNT = 'split.count'
const SPLIT_TENSORS = 'split.tensors.count'
const isSplitKey = (key: string): boolean => key.startsWith('split.')

export interface SplitFile {
  path: string
  header: GgufHeader
}

/** What the files of one model say together. */
export interface SplitHeader extends Pick<GgufHeader, 'metadata' | 'tensors'> {
  /** In their order. */
  files: readonly SplitFile[]
}

/**
 * Reads the headers of all files of a split model, in whatever order their paths come, and checks that they make
 * one model: all there, each once, of one kind. Metadata is that of the first file without `split.*`. Throws
 * GgufError with what is wrong with the set, or with a file and its name, and what the file system says.
 */
export async function readSplitHeader(paths: readonly string[], signal?: AbortSignal): Promise<SplitHeader> {
  const ordered = orderedByName(paths)
  const files: SplitFile[] = []
  let headerBytes = 0
  for (const path of ordered) {
    signal?.throwIfAborted()
    const header = await readGgufFile(path).catch(inFile(path))
    files.push({ path, header })
    headerBytes += header.dataOffset
    if (headerBytes > LIMITS.headerBytes) {
      throw new GgufError(`the headers up to ${named(path)} have more than ${LIMITS.headerBytes} bytes`)
    }
  }
  for (const [index, file] of files.entries()) checkPlace(file, index, files.length)
  const [first] = files
  for (const file of files.slice(1)) checkKinship(file, first)
  const tensors = files.flatMap(({ header }) => header.tensors)
  checkTensors(tensors, first?.header.metadata.get(SPLIT_TENSORS))
  const metadata = new Map([...(first?.header.metadata ?? [])].filter(([key]) => !isSplitKey(key)))
  return { files, metadata, tensors }
}

const named = (path: string) => show(basename(path))

const inFile = (path: string) => (cause: Error) => {
  if (cause instanceof GgufError) throw new GgufError(`${named(path)}: ${cause.message}`, { cause })
  throw cause
}

/** The paths in the order their names give them; every name has to be there once. */
function orderedByName(paths: readonly string[]): string[] {
  const [firstPath] = paths
  if (firstPath === undefined) throw new GgufError('a split model has no files')
  const first = nameOf(firstPath)
  const slots = new Map<number, string>()
  for (const path of paths) {
    const name = nameOf(path)
    if (name.prefix !== first.prefix || name.count !== first.count) {
      throw new GgufError(`split files of different models: ${named(firstPath)} and ${named(path)}`)
    }
    const other = slots.get(name.index)
    if (other !== undefined)
      throw new GgufError(`split file ${name.index + 1} of ${name.count} is given twice`)
    slots.set(name.index, path)
  }
  return Array.from({ length: first.count }, (_, index) => {
    const path = slots.get(index)
    if (path === undefined) throw new GgufError(`split file ${index + 1} of ${first.count} is missing`)
    return path
  })
}

function nameOf(path: string): SplitName {
  const name = splitName(basename(path))
  if (name === undefined) {
    throw new GgufError(`${named(path)} is not named like a split file: <name>-00001-of-00003.gguf`)
  }
  if (name.count > LIMITS.splitFiles) {
    throw new GgufError(
      `${named(path)} is one of ${name.count} files, more than the ${LIMITS.splitFiles} that are read`,
    )
  }
  return name
}

/** A file's own account of its place has to agree with its name. */
function checkPlace({ path, header }: SplitFile, index: number, count: number): void {
  const no = header.metadata.get(SPLIT_NO)
  const ofCount = header.metadata.get(SPLIT_COUNT)
  if (no === undefined || ofCount === undefined) {
    throw new GgufError(`${named(path)} is not a split file: it has no ${SPLIT_NO} or ${SPLIT_COUNT}`)
  }
  if (ofCount !== count) {
    throw new GgufError(`${named(path)} says that it is one of ${asText(ofCount)} files, not of ${count}`)
  }
  if (no !== index) {
    throw new GgufError(`${named(path)} says that its ${SPLIT_NO} is ${asText(no)}, not ${index}`)
  }
}

/** Later files usually say nothing of the model; what one of them says has to be what the first says. */
function checkKinship({ path, header }: SplitFile, first: SplitFile | undefined): void {
  for (const key of ['general.architecture', 'general.name', SPLIT_TENSORS]) {
    const value = header.metadata.get(key)
    if (value !== undefined && value !== first?.header.metadata.get(key)) {
      throw new GgufError(`${named(path)} belongs to another model: its ${key} is ${asText(value)}`)
    }
  }
}

function checkTensors(tensors: readonly GgufTensor[], expected: unknown): void {
  const names = new Set<string>()
  for (const { name } of tensors) {
    if (names.has(name)) throw new GgufError(`tensor ${show(name)} is in two split files`)
    names.add(name)
  }
  if (tensors.length > LIMITS.tensors) {
    throw new GgufError(`${tensors.length} tensors are more than the ${LIMITS.tensors} that are read`)
  }
  if (tensors.length !== expected) {
    throw new GgufError(
      `the split files have ${tensors.length} tensors, not the ${asText(expected)} of ${SPLIT_TENSORS}`,
    )
  }
}

/** A value from a file as it may stand in a message. */
const asText = (value: unknown) => {
  if (typeof value === 'string') return show(value)
  return value === undefined || typeof value === 'object' ? 'unknown number' : String(value)
}
