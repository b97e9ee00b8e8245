import { type FileHandle, open } from 'node:fs/promises'
import { MoreBytesNeeded } from './cursor.ts'
import { GgufError } from './error.ts'
import { LIMITS } from './limits.ts'
import { parseGguf } from './parse.ts'
import type { GgufHeader } from './types.ts'

/** Enough for a header without its vocabulary; each further attempt sees four times as much. */
const FIRST_READ_BYTES = 64 * 1024
const GROWTH = 4

/**
 * Reads the header of a GGUF file and as little beyond it as possible. Throws GgufError for what is wrong with
 * the file's content, and passes on what the file system says.
 */
export async function readGgufFile(path: string): Promise<GgufHeader> {
  const file = await open(path)
  try {
    return await readGgufHeader(file)
  } finally {
    await file.close()
  }
}

/**
 * Like readGgufFile, on a file that is open. Parsing starts over with every larger piece: the pieces grow so fast
 * that all attempts but the last cost a third of it, and the parser stays free of waiting.
 */
export async function readGgufHeader(file: FileHandle): Promise<GgufHeader> {
  const { size } = await file.stat()
  let bytes = await extend(file, Buffer.alloc(0), Math.min(size, FIRST_READ_BYTES))
  for (;;) {
    try {
      return parseGguf(bytes)
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded)) throw error
      if (error.end > size) {
        throw new GgufError(`cut short: the header needs byte ${error.end}, the file has ${size}`)
      }
      if (error.end > LIMITS.headerBytes) {
        throw new GgufError(`the header is longer than the ${LIMITS.headerBytes} bytes that are read`)
      }
      const wanted = Math.max(bytes.length * GROWTH, error.end)
      bytes = await extend(file, bytes, Math.min(wanted, size, LIMITS.headerBytes))
    }
  }
}

/** The first `length` bytes of the file, of which `known` are already here. */
async function extend(file: FileHandle, known: Buffer, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  known.copy(bytes)
  let filled = known.length
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, filled)
    if (bytesRead === 0)
      throw new GgufError(`cut short: the file lost its end at byte ${filled} while it was read`)
    filled += bytesRead
  }
  return bytes
}
