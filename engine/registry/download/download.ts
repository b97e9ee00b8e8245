import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { ifMissing } from '../../store/missing.ts'
import type { RemoteBlob } from '../types.ts'
import { asDiskError, requireSpace } from './disk-error.ts'
import { fetchRange, receiveRange, type Transfer } from './fetch-range.ts'
import { dataPath, putInPlace, readParts, removeOtherParts, removeUnfinished, writePart } from './files.ts'
import { createFollow, type Follow } from './follow.ts'
import { createHasher } from './hasher.ts'
import { inLanes, loadGauge, rateGauge } from './lanes.ts'
import { layParts, type Part } from './parts.ts'
import { createPieceMap, type Piece, type PieceMap, readPieces, rewritePieces } from './pieces.ts'
import { keepSaving } from './progress.ts'
import type { DownloadTuning } from './tuning.ts'
import { finalDigest, hashFollowing, type Verification } from './verify.ts'

export interface Download {
  remote: RemoteBlob
  /** The final path of the blob; all that is unfinished lies beside it. */
  blob: string
  tuning: DownloadTuning
  log: Log
  /** Bytes that are here, those of earlier runs included; called often. */
  onProgress: (completed: number) => void
}

/**
 * Fetches a blob into its place in the blobs folder. What an interruption of any kind leaves is in Ollama's form,
 * so that the next pull, by Snug or by Ollama, goes on from there.
 *
 * Parts are fetched side by side, each from its start. Data is on disk before anything on disk says so. A thread
 * follows from the first byte and hashes what comes or is there (follow.ts, verify.ts), so that when the last byte
 * comes little is left to do, and the blob gets its name only when the hash is the one that was asked for.
 *
 * Throws the reason of `signal` (the rest is kept), DiskError, EngineError `pull_failed`, RegistryError.
 */
export async function download(request: Download, signal: AbortSignal): Promise<void> {
  const folder = dirname(request.blob)
  try {
    await mkdir(folder, { recursive: true })
    await downloadInto(folder, request, signal)
  } catch (error) {
    throw asDiskError(error, folder)
  }
}

async function downloadInto(folder: string, request: Download, signal: AbortSignal): Promise<void> {
  const { remote, blob } = request
  const { parts, earlier } = await resume(folder, request)
  const file = await open(dataPath(blob), constants.O_RDWR | constants.O_CREAT, 0o644)
  const want = remote.digest.toLowerCase().replace('-', ':')
  let got: string
  try {
    await file.truncate(remote.size)
    got = await fetchAndHash(request, { folder, file, parts, pieces: createPieceMap(earlier) }, want, signal)
    if (got === want) await file.sync()
  } finally {
    await file.close()
  }
  if (got === want) return await putInPlace(blob)
  await removeUnfinished(blob)
  const text = `digest mismatch, file must be downloaded again: want ${want}, got ${got}`
  throw new EngineError('pull_failed', text)
}

/**
 * What earlier runs left, tidied up, so that the files on disk say what is returned. Throws DiskError when the rest
 * does not fit.
 */
async function resume(
  folder: string,
  { remote, blob, tuning }: Download,
): Promise<{ parts: Part[]; earlier: Piece[] }> {
  const data = await ifMissing(stat(dataPath(blob)), undefined)
  const known = data?.isFile() ? await readParts(blob) : []
  await requireSpace(folder, remote.size - sum(known))
  const parts = layParts(known, remote.size, data?.size ?? 0, tuning)
  const earlier = await readPieces(blob, parts, tuning.pieceBytes)
  await removeOtherParts(blob, parts)
  await rewritePieces(blob, earlier)
  for (const part of parts) {
    const before = known.find(({ n }) => n === part.n)
    if (before?.offset !== part.offset || before.completed !== part.completed) await writePart(blob, part)
  }
  return { parts, earlier }
}

/** Whoever fetches waits for the hash when it has no more than this to read back before it follows. */
const NEAR_PIECES = 16

interface Ground {
  folder: string
  file: FileHandle
  parts: readonly Part[]
  pieces: PieceMap
}

/** The digest of what is there in the end. Progress is on disk when it returns or throws. */
async function fetchAndHash(
  request: Download,
  ground: Ground,
  want: string,
  signal: AbortSignal,
): Promise<string> {
  const { remote, blob, tuning, log } = request
  const { pieces } = ground
  const stop = new AbortController()
  const inner = AbortSignal.any([signal, stop.signal])
  const saving = keepSaving({ blob, ...ground }, tuning.saveMs, (error) => stop.abort(error))
  const hasher = createHasher(dataPath(blob), remote.size <= tuning.inlineHashBytes)
  const follow = createFollow(hasher, pieces, NEAR_PIECES * tuning.pieceBytes)
  const transfer = { remote, tuning, log, ...ground }
  const verification: Verification = {
    digest: want,
    size: remote.size,
    pieces,
    hasher,
    follow,
    log,
    refetch: ({ start, length }, inner) =>
      fetchRange({ ...transfer, onPiece: pieces.put }, { start, end: start + length }, () => {}, inner),
  }
  try {
    const work = [fetchParts(request, { ...ground, follow }, inner), hashFollowing(verification, inner)]
    for (const one of work) one.catch((error) => stop.abort(error))
    await Promise.allSettled(work)
    inner.throwIfAborted()
    return await finalDigest(verification, inner)
  } finally {
    await hasher.close()
    await saving.stop()
  }
}

async function fetchParts(
  request: Download,
  { folder, file, parts, pieces, follow }: Ground & { follow: Follow },
  signal: AbortSignal,
) {
  const { remote, tuning, log, onProgress } = request
  let completed = sum(parts)
  onProgress(completed)
  const isFast = rateGauge(() => completed, tuning.fastBytesPerSecond)
  const isBusy = loadGauge(tuning.busyShare)
  let isFirst = true
  const onBytes = (count: number) => {
    // How long the first answer took says nothing about the rate.
    if (isFirst) isFast()
    isFirst = false
    completed += count
    onProgress(completed)
  }
  const endings: Promise<void>[] = []
  const jobs = parts
    .filter((part) => part.completed < part.size)
    .map((part) => async (signal: AbortSignal) => {
      const onPiece = (piece: Piece) => {
        part.completed += piece.length
        pieces.put(piece)
      }
      const transfer: Transfer = { remote, tuning, log, folder, file, follow, onPiece }
      const range = { start: part.offset + part.completed, end: part.offset + part.size }
      // The next part can come while the end of this one is written and hashed.
      const { written } = await receiveRange(transfer, range, onBytes, signal)
      endings.push(written)
    })
  // Both are asked, for each looks at the time since it was last asked.
  const isEnough = () => [isFast(), isBusy()].includes(true)
  try {
    await inLanes(jobs, { most: tuning.lanes, rampMs: tuning.rampMs, isEnough }, signal)
  } finally {
    await Promise.allSettled(endings)
  }
  await Promise.all(endings)
}

const sum = (parts: readonly Part[]) => parts.reduce((total, { completed }) => total + completed, 0)
