import type { OnReadOpts, Socket } from 'node:net'

/**
 * Memory that sockets read into and that goes round. By itself Node takes fresh memory for every 64 KiB, and at a
 * gigabyte a second collecting it costs more than anything else a download does; a larger place to read into is also
 * filled by fewer, larger reads.
 *
 * Slabs are shared memory, so that another thread can look at what came without a copy (download/hasher.ts).
 *
 * A slab is filled from its start, read by read, by one socket. It goes back when it is full and every byte that was
 * read into it has been given back; a slab of which somebody keeps a byte is left to the garbage collector.
 */
interface Slab {
  bytes: Uint8Array
  /** Bytes from the start that have been read into. */
  filled: number
  /** Of those, the ones not given back. */
  kept: number
  isRetired: boolean
}

const SLAB_BYTES = 1024 * 1024
/** A slab with less room is full: as much as Node itself reads at a time. */
const LEAST_BYTES = 64 * 1024
/** Free slabs that are kept: one each for the connections of a download, and what the fastest has under way. */
const MOST_FREE = 32

/** Takes what a socket reads, in the place of its stream; false when it wants no more until `socket.resume()`. */
export type Taker = (bytes: Uint8Array) => boolean

const takeOvers = new WeakMap<Socket, (taker: Taker) => void>()
const slabs = new WeakMap<ArrayBufferLike, Slab>()
const free: Slab[] = []

/**
 * For `onread` of a socket's options; `socket` is asked for when the first bytes have come. Until somebody takes over
 * it reads as any socket does.
 */
export function readingIntoSlabs(socket: () => Socket | undefined): OnReadOpts {
  let slab: Slab | undefined
  let taker: Taker | undefined
  const isFull = ({ bytes, filled }: Slab) => bytes.length - filled < LEAST_BYTES
  const leave = () => {
    if (slab) retire(slab)
    slab = undefined
  }
  return {
    buffer() {
      if (!taker) return Buffer.allocUnsafeSlow(LEAST_BYTES)
      if (slab && isFull(slab)) leave()
      slab ??= takeSlab()
      return slab.bytes.subarray(slab.filled)
    },
    callback(count, buffer) {
      const current = slabs.get(buffer.buffer)
      if (current !== undefined) {
        current.filled += count
        current.kept += count
      }
      const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, count)
      const reader = socket()
      if (taker || reader === undefined) return taker?.(bytes) ?? true
      takeOvers.set(reader, (by) => {
        taker = by
        reader.once('close', leave)
      })
      return reader.push(bytes)
    },
  }
}

/**
 * From now on what the socket reads goes to `taker`, in slabs, until the socket closes; its stream still tells how it
 * ends. False, and nothing has changed, for a socket without `readingIntoSlabs`, or whose stream still holds something.
 */
export function takeOver(socket: Socket, taker: Taker): boolean {
  const take = takeOvers.get(socket)
  if (take === undefined || socket.readableLength > 0) return false
  take(taker)
  return true
}

/** The bytes are not needed any more; nobody may look at them from now on. Others than those of slabs are passed over. */
export function giveBack({ buffer, length }: Uint8Array): void {
  const slab = slabs.get(buffer)
  if (slab === undefined) return
  slab.kept -= length
  recycle(slab)
}

function retire(slab: Slab): void {
  slab.isRetired = true
  recycle(slab)
}

function recycle(slab: Slab): void {
  if (slab.isRetired && slab.kept === 0 && free.length < MOST_FREE) free.push(slab)
}

function takeSlab(): Slab {
  const slab = free.pop() ?? newSlab()
  slab.filled = 0
  slab.isRetired = false
  return slab
}

function newSlab(): Slab {
  const bytes = Buffer.from(new SharedArrayBuffer(SLAB_BYTES))
  const slab = { bytes, filled: 0, kept: 0, isRetired: false }
  slabs.set(bytes.buffer, slab)
  return slab
}
