/**
 * One kept state as a file. Native code trusts what it is given, so every byte is under a digest that is
 * checked before; anything that differs makes the file as good as not there.
 *
 *   magic, 8 bytes | header length, u32 | SHA-256 of the header
 *   header: key, 32 bytes | token count, u32 | part count, u32 | tokens, i32 each
 *           | parts: tokens u32, bytes u64 each | SHA-256 of every CHUNK of every part
 *   body: the parts' bytes, the whole state first, then the checkpoints
 *
 * Numbers are little-endian.
 */
import { webcrypto } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { SavedPrefix, SavedState } from './saved-state.ts'

const MAGIC = Buffer.from('snugkv1\n')
const DIGEST = 32
const PREAMBLE = MAGIC.length + 4 + DIGEST
/** Small enough that hashing or copying one is not felt between two decode steps. */
const CHUNK = 4 * 1024 * 1024
/** More than any slot has. */
const MOST_PARTS = 64
/** A million tokens and the digests of 64 GiB. */
const MOST_HEADER = 8 * 1024 * 1024

/** What a file says it holds, and how to check that it does. */
export interface StateFile extends SavedPrefix {
  /** Of the parts, in order. */
  readonly partBytes: readonly number[]
  readonly digests: Buffer
  readonly bodyAt: number
}

/** On the thread pool, so that decode steps do not wait. */
const sha256 = async (bytes: Uint8Array): Promise<Buffer> =>
  Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))

/** Size of the file that `writeState` makes. */
export function fileBytes(state: SavedState): number {
  const sizes = partsOf(state).map(({ bytes }) => bytes.length)
  return PREAMBLE + headerBytes(state.tokens.length, sizes) + sum(sizes)
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0)

const partsOf = ({ tokens, whole, checkpoints }: SavedState) => [
  { length: tokens.length, bytes: whole },
  ...checkpoints.map(({ length, state }) => ({ length, bytes: state })),
]

const headerBytes = (tokens: number, parts: readonly number[]): number =>
  DIGEST + 8 + tokens * 4 + parts.length * 12 + sum(parts.map((size) => Math.ceil(size / CHUNK))) * DIGEST

/** Writes a new file that only its owner can read. Throws what the file system throws, EEXIST too. */
export async function writeState(path: string, key: Buffer, state: SavedState): Promise<void> {
  const parts = partsOf(state)
  const chunks = parts.flatMap(({ bytes }) => chunksOf(bytes))
  const digests: Buffer[] = []
  for (const chunk of chunks) digests.push(await sha256(chunk))
  const counts = Buffer.alloc(8)
  counts.writeUInt32LE(state.tokens.length, 0)
  counts.writeUInt32LE(parts.length, 4)
  const table = Buffer.alloc(parts.length * 12)
  for (const [i, { length, bytes }] of parts.entries()) {
    table.writeUInt32LE(length, i * 12)
    table.writeBigUInt64LE(BigInt(bytes.length), i * 12 + 4)
  }
  const tokens = Buffer.alloc(state.tokens.length * 4)
  for (const [i, token] of state.tokens.entries()) tokens.writeInt32LE(token, i * 4)
  const header = Buffer.concat([key, counts, tokens, table, ...digests])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  const file = await open(path, 'wx', 0o600)
  try {
    await writeAll(file, Buffer.concat([MAGIC, length, await sha256(header), header]))
    for (const chunk of chunks) await writeAll(file, chunk)
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

function chunksOf(body: Buffer): Buffer[] {
  const count = Math.ceil(body.length / CHUNK)
  return Array.from({ length: count }, (_, i) => body.subarray(i * CHUNK, (i + 1) * CHUNK))
}

/** Reads what a file holds; undefined when it is not a sound file of this key with at most `mostTokens`. */
export async function readHeader(
  path: string,
  key: Buffer,
  mostTokens: number,
): Promise<StateFile | undefined> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const preamble = await readExactly(file, 0, PREAMBLE)
    if (preamble === undefined || !preamble.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
    const length = preamble.readUInt32LE(MAGIC.length)
    if (length > MOST_HEADER || length < DIGEST + 8) return undefined
    const header = await readExactly(file, PREAMBLE, length)
    if (header === undefined || !(await sha256(header)).equals(preamble.subarray(MAGIC.length + 4))) {
      return undefined
    }
    const parsed = parseHeader(header, key, mostTokens)
    return parsed !== undefined && parsed.bodyAt + parsed.bytes === size ? parsed : undefined
  } finally {
    await file.close()
  }
}

function parseHeader(header: Buffer, key: Buffer, mostTokens: number): StateFile | undefined {
  if (!header.subarray(0, DIGEST).equals(key)) return undefined
  const count = header.readUInt32LE(DIGEST)
  const partCount = header.readUInt32LE(DIGEST + 4)
  if (count === 0 || count > mostTokens || partCount === 0 || partCount > MOST_PARTS) return undefined
  const tableAt = DIGEST + 8 + count * 4
  const digestsAt = tableAt + partCount * 12
  if (digestsAt > header.length) return undefined
  const tokens = Int32Array.from({ length: count }, (_, i) => header.readInt32LE(DIGEST + 8 + i * 4))
  const at = (i: number) => tableAt + i * 12
  const lengths = Array.from({ length: partCount }, (_, i) => header.readUInt32LE(at(i)))
  const partBytes = Array.from({ length: partCount }, (_, i) => Number(header.readBigUInt64LE(at(i) + 4)))
  const [whole, ...checkpoints] = lengths
  const isAscending = checkpoints.every((length, i) => length > (checkpoints[i - 1] ?? 0) && length <= count)
  const isWhole = whole === count && headerBytes(count, partBytes) === header.length
  if (!isAscending || !isWhole) return undefined
  return {
    tokens,
    lengths: checkpoints,
    bytes: sum(partBytes),
    partBytes,
    digests: header.subarray(digestsAt),
    bodyAt: PREAMBLE + header.length,
  }
}

/** Reads and checks the body; undefined when it is not what the header promised. */
export async function readState(path: string, header: StateFile): Promise<SavedState | undefined> {
  const parts: Buffer[] = []
  let at = header.bodyAt
  let digestAt = 0
  const file = await open(path, 'r')
  try {
    // The file may have changed since its header was read: nothing is allocated for what is not there.
    if ((await file.stat()).size !== header.bodyAt + header.bytes) return undefined
    for (const size of header.partBytes) {
      const part = Buffer.allocUnsafeSlow(size)
      for (const chunk of chunksOf(part)) {
        if (!(await fill(file, at, chunk))) return undefined
        const expected = header.digests.subarray(digestAt, digestAt + DIGEST)
        if (!(await sha256(chunk)).equals(expected)) return undefined
        at += chunk.length
        digestAt += DIGEST
      }
      parts.push(part)
    }
  } finally {
    await file.close()
  }
  const [whole, ...states] = parts
  const checkpoints = states.map((state, i) => ({ length: header.lengths[i] ?? 0, state }))
  return whole === undefined ? undefined : { tokens: header.tokens, whole, checkpoints }
}

async function readExactly(file: FileHandle, at: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(length)
  return (await fill(file, at, bytes)) ? bytes : undefined
}

/** False when the file ends before the buffer is full. */
async function fill(file: FileHandle, at: number, bytes: Buffer): Promise<boolean> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, at + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}
