import type { FileHandle } from 'node:fs/promises'
import { type ByteRanges, fileRanges, openToRead } from './byte-ranges.ts'
import { MoreBytesNeeded } from './cursor.ts'
import { GgufError } from './error.ts'
import { LIMITS } from './limits.ts'
import { parseGguf, show } from './parse.ts'
import type { GgufHeader } from './types.ts'

/** Enough for a header without its vocabulary; each further attempt sees four times as much. */
const FIRST_READ_BYTES = 64 * 1024
const GROWTH = 4

/**
 * Reads the header of a GGUF file and as little beyond it as possible. Throws GgufError for what is wrong with
 * the file's content, and passes on what the file system says.
 */
export async function readGgufFile(path: string): Promise<GgufHeader> {
  const file = await openToRead(path)
  try {
    return await readGgufHandle(file)
  } finally {
    await file.close()
  }
}

/** Like readGgufFile, on a file that is open. */
export const readGgufHandle = async (file: FileHandle): Promise<GgufHeader> =>
  readGgufHeader(await fileRanges(file), { maxBytes: LIMITS.headerBytes })

/**
 * Like readGgufFile, from anywhere. No byte is read twice and none beyond `maxBytes`, which unless said is what a
 * far-away file may cost. Parsing starts over with every larger piece: the pieces grow so fast that all attempts
 * but the last cost a third of it, and the parser stays free of waiting.
 */
export async function readGgufHeader(
  from: ByteRanges,
  { maxBytes = LIMITS.remoteHeaderBytes, signal }: { maxBytes?: number; signal?: AbortSignal } = {},
): Promise<GgufHeader> {
  const { size } = from
  let bytes = await extended(Buffer.alloc(0), Math.min(size, FIRST_READ_BYTES, maxBytes), from, signal)
  for (;;) {
    try {
      const header = parseGguf(bytes)
      checkInside(header, size)
      return header
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded)) throw error
      if (error.end > size) {
        throw new GgufError(`cut short: the header needs byte ${error.end}, the file has ${size}`)
      }
      if (error.end > maxBytes) {
        throw new GgufError(
          `the header needs byte ${error.end}, beyond the ${maxBytes} bytes that are read of it`,
        )
      }
      const wanted = Math.max(bytes.length * GROWTH, error.end)
      bytes = await extended(bytes, Math.min(wanted, size, maxBytes), from, signal)
    }
  }
}

/** The first `length` bytes, of which `known` are already here. */
async function extended(
  known: Buffer,
  length: number,
  from: ByteRanges,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  signal?.throwIfAborted()
  const more = await from.read(known.length, length, signal)
  if (more.length !== length - known.length) {
    throw new GgufError(`cut short: ${more.length} bytes came for bytes ${known.length} to ${length}`)
  }
  return Buffer.concat([known, more])
}

/** Every byte that a tensor claims has to be there: llama.cpp maps files and trusts what the header says. */
function checkInside({ tensors, dataOffset }: GgufHeader, size: number): void {
  for (const { name, offset, bytes } of tensors) {
    const end = dataOffset + offset + bytes
    if (end > size) {
      throw new GgufError(`cut short: tensor ${show(name)} ends at byte ${end}, the file has ${size}`)
    }
  }
}
