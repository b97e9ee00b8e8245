import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'

/** How blobs are cut for sending. */
export interface PartTuning {
  /** Into so many parts, unless that makes them too small or too large. */
  parts: number
  minPartBytes: number
  maxPartBytes: number
}

/** Bytes `start` up to and including `end`. */
export interface UploadPart {
  start: number
  end: number
}

/** The parts of `size` bytes, all of one size but the last. */
export function layUploadParts(
  size: number,
  { parts, minPartBytes, maxPartBytes }: PartTuning,
): UploadPart[] {
  const length = Math.min(Math.max(Math.floor(size / parts), minPartBytes), maxPartBytes)
  const count = Math.ceil(size / length)
  return Array.from({ length: count }, (_, index) => ({
    start: index * length,
    end: Math.min((index + 1) * length, size) - 1,
  }))
}

/** The bytes of a part as they go out, time and again if need be. */
export interface PartBody {
  /** From the beginning; what an earlier try sent counts no more. */
  open(): Readable
  /** Nothing has been sent after all. */
  takeBack(): void
  /** The MD5 of what the last try sent. */
  md5(): Buffer
}

/** `onBytes` gets how many bytes more have gone out; less than none when they are taken back. */
export function partBody(
  part: UploadPart,
  read: (part: UploadPart) => AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): PartBody {
  let sent = 0
  let hash: Hash = createHash('md5')
  const takeBack = () => {
    onBytes(-sent)
    sent = 0
    hash = createHash('md5')
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const current = hash
    for await (const chunk of read(part)) {
      // A try that was given up may still have a chunk on its way.
      if (current !== hash) return
      hash.update(chunk)
      sent += chunk.length
      onBytes(chunk.length)
      yield chunk
    }
  }
  return {
    open() {
      takeBack()
      return Readable.from(chunks(), { objectMode: false })
    },
    takeBack,
    md5: () => hash.digest(),
  }
}

/** How storage services name what came in parts: the MD5 of the parts' MD5s, and their number. */
export const partsEtag = (sums: readonly Buffer[]): string =>
  `${createHash('md5').update(Buffer.concat(sums)).digest('hex')}-${sums.length}`
