import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { GgufError } from './error.ts'

/** Bytes that can be read from any place: of a file, in memory, or behind HTTP. */
export interface ByteRanges {
  /** Of all of it, bytes. */
  readonly size: number
  /** The bytes from `start` up to but without `end`, which lies within the size: all of them, or it throws. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Buffer>
}

/** The bytes of an open file as long as it stays open. */
export async function fileRanges(file: FileHandle): Promise<ByteRanges> {
  const status = await file.stat()
  if (!status.isFile()) throw new GgufError('not a GGUF file: it is not a regular file')
  return {
    size: status.size,
    async read(start, end, signal) {
      const bytes = Buffer.allocUnsafe(end - start)
      let filled = 0
      while (filled < bytes.length) {
        signal?.throwIfAborted()
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
        if (bytesRead === 0) {
          throw new GgufError(`cut short: the file lost its end at byte ${start + filled} while it was read`)
        }
        filled += bytesRead
      }
      return bytes
    },
  }
}

/** Opens a file for reading. A named pipe does not make it wait for somebody who writes. */
export const openToRead = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
