import type { DownloadTuning } from './tuning.ts'

/** A range of a blob that is fetched from its start to its end. Offsets and sizes in bytes. */
export interface Part {
  n: number
  offset: number
  size: number
  /** How much of its beginning is in the data file. */
  completed: number
}

type PartSizes = Pick<DownloadTuning, 'minPartBytes' | 'maxPartBytes' | 'partCount'>

/**
 * The parts of a blob of `total` bytes, without gap or overlap: those that are known as far as they make sense,
 * and new ones (ollama server/download.go) for the rest. `dataBytes` is what the data file holds; a part cannot
 * have more.
 */
export function layParts(known: readonly Part[], total: number, dataBytes: number, sizes: PartSizes): Part[] {
  const kept = withoutOverlaps(known, total)
  const number = unusedNumbers(kept)
  const parts: Part[] = []
  let end = 0
  for (const part of [...kept, { n: -1, offset: total, size: 0, completed: 0 }]) {
    for (const [offset, size] of rangesOf(end, part.offset, partBytes(total, sizes))) {
      parts.push({ n: number(), offset, size, completed: 0 })
    }
    end = part.offset + part.size
    const present = Math.max(0, dataBytes - part.offset)
    if (part.size > 0) parts.push({ ...part, completed: Math.min(part.completed, present) })
  }
  return parts
}

function withoutOverlaps(known: readonly Part[], total: number): Part[] {
  const kept: Part[] = []
  let end = 0
  for (const part of known.toSorted((a, b) => a.offset - b.offset)) {
    if (part.offset < end || part.offset + part.size > total || part.completed > part.size) continue
    kept.push(part)
    end = part.offset + part.size
  }
  return kept
}

/** Ollama expects numbers without gaps when it removes part files, so gaps are filled first. */
function unusedNumbers(parts: readonly Part[]): () => number {
  const used = new Set(parts.map(({ n }) => n))
  let next = 0
  return () => {
    while (used.has(next)) next += 1
    return next++
  }
}

/** However large a blob claims to be: each part is a file. */
export const MAX_PARTS = 65_536

function partBytes(total: number, { minPartBytes, maxPartBytes, partCount }: PartSizes): number {
  const usual = Math.min(Math.max(Math.floor(total / partCount), minPartBytes), maxPartBytes)
  return Math.max(usual, Math.ceil(total / MAX_PARTS))
}

function* rangesOf(start: number, end: number, bytes: number): Generator<[offset: number, size: number]> {
  for (let offset = start; offset < end; offset += bytes) yield [offset, Math.min(bytes, end - offset)]
}
