import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { asError } from '../../store/missing.ts'
import { RegistryError } from '../error.ts'
import type { RemoteBlob } from '../types.ts'
import { DiskError } from './disk-error.ts'
import { createPieceWriter, type PieceTarget, type PieceWriter } from './piece-writer.ts'
import { watchStall } from './stall.ts'
import type { DownloadTuning } from './tuning.ts'

/** Where bytes come from and go to. */
export interface Transfer extends PieceTarget {
  remote: RemoteBlob
  tuning: DownloadTuning
  log: Log
}

/**
 * Fetches bytes from `start` up to but not including `end` into the file, going on where a broken connection
 * stopped. What has come when it fails or is aborted is in the file, and its last piece reported. Throws the reason
 * of `signal`, DiskError, or EngineError `pull_failed` after too many attempts.
 */
export async function fetchRange(
  transfer: Transfer,
  { start, end }: { start: number; end: number },
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { written } = await receiveRange(transfer, { start, end }, onBytes, signal)
  await written
}

/** Like `fetchRange`, but resolves when all bytes have come: `written` settles when the rest is done as well. */
export async function receiveRange(
  transfer: Transfer,
  { start, end }: { start: number; end: number },
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<{ written: Promise<void> }> {
  const writer = createPieceWriter(transfer, start, signal)
  try {
    await inTries(transfer, writer, () => attempt(transfer, writer, end, onBytes, signal), signal)
  } catch (error) {
    // Keeps what came. When the disk is the problem it says so again here, and once is enough.
    await writer.close().catch(() => {})
    throw error
  }
  const written = writer.close()
  // Whoever waits for it hears of a failure; until then nobody may be listening.
  written.catch(() => {})
  return { written }
}

/** Counts as ollama server/download.go does, but an attempt that brought a whole piece counts as the first. */
async function inTries(
  transfer: Transfer,
  writer: PieceWriter,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; ; ) {
    const before = writer.position()
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      const brought = writer.position() - before
      // One that stopped after it had begun well is simply begun anew.
      if (isStall(error) && brought > 0) continue
      failures = brought >= transfer.tuning.pieceBytes ? 1 : failures + 1
      await waitForRetry(transfer, failures, asError(error), signal)
    }
  }
}

/** Waits twice as long after each failure. Throws when trying again is pointless. */
async function waitForRetry(
  { remote, tuning, log }: Transfer,
  failures: number,
  error: Error,
  signal: AbortSignal,
): Promise<void> {
  if (error instanceof DiskError) throw error
  if (failures >= tuning.tries) {
    throw new EngineError('pull_failed', `max retries exceeded: ${error.message}`, { cause: error })
  }
  const waitMs = tuning.backOffMs * 2 ** (failures - 1)
  log.info({ digest: remote.digest, err: error, failures, waitMs }, 'download interrupted')
  await sleep(waitMs, undefined, { signal })
}

class StalledError extends Error {}

/** The transport has a clock of its own, which may be the first to run down. */
const isStall = (error: unknown) =>
  error instanceof StalledError || (error instanceof RegistryError && error.failure === 'timeout')

async function attempt(
  { remote, tuning }: Transfer,
  writer: PieceWriter,
  end: number,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const stall = watchStall(tuning.stallMs, signal)
  try {
    for await (const bytes of remote.read({ start: writer.position(), end: end - 1 }, stall.signal)) {
      if (writer.position() + bytes.length > end)
        throw new Error('the registry sent more than it was asked for')
      await writer.add(bytes)
      onBytes(bytes.length)
      stall.touch()
    }
  } catch (error) {
    throw stall.isStalled() ? new StalledError('part stalled') : error
  } finally {
    stall.stop()
  }
  if (writer.position() < end) throw new Error('unexpected EOF')
}
