import type { BufferSize } from '../backend.ts'

/** Weights that are read where the file is mapped. */
const MAPPED = 'CPU_Mapped'

const KIND: Record<string, BufferSize['kind']> = {
  model: 'weights',
  KV: 'kv',
  RS: 'kv',
  LoRA: 'weights',
  compute: 'compute',
  output: 'output',
}

/**
 * Reads one of llama.cpp's load messages, such as `load_tensors:   CPU_Mapped model buffer size =  7.32 MiB`.
 * Anything else gives undefined. `RS` is the state of recurrent layers, which stands where a KV cache would.
 */
export function parseBufferSize(line: string): BufferSize | undefined {
  const match = /(\S+)\s+(model|KV|RS|LoRA|compute|output) buffer size\s*=\s*([\d.]+) MiB/.exec(line)
  const [, device, kind, mebibytes] = match ?? []
  if (device === undefined || kind === undefined || mebibytes === undefined) return undefined
  const known = KIND[kind]
  if (known === undefined) return undefined
  return { device, kind: known, bytes: Math.round(Number(mebibytes) * 1024 * 1024) }
}

/**
 * Adds a buffer to those of a load. Kinds that come in several parts add up by device; the scheduler's compute
 * buffer is announced anew whenever it changes, and then replaces what was said before.
 */
export function addBuffer(buffers: BufferSize[], buffer: BufferSize): void {
  const same = buffers.find(({ device, kind }) => device === buffer.device && kind === buffer.kind)
  if (same === undefined) buffers.push(buffer)
  else same.bytes = buffer.bytes + (buffer.kind === 'compute' ? 0 : same.bytes)
}

/** True for memory of the machine itself: the CPU's own buffers and those a GPU driver pins on the host. */
export function isHostBuffer(device: string): boolean {
  return device.startsWith('CPU') || device.endsWith('_Host')
}

/**
 * The buffers of a load with each weight counted once. A CPU backend copies weights that it wants in another order
 * into memory of its own (`CPU_REPACK`), and the mapped range of the file, which is announced from its first weight in
 * use to its last, goes on including them, though nobody reads them there any more. With weights on a GPU nothing is changed: there the rest of the range is
 * unknown. `modelBytes`: of all weights in the file.
 */
export function countedOnce(buffers: readonly BufferSize[], modelBytes: number): BufferSize[] {
  const weights = buffers.filter(({ kind }) => kind === 'weights')
  const copied = weights.filter(({ device }) => device.startsWith('CPU_') && device !== MAPPED)
  const isOnHost = weights.every(({ device }) => isHostBuffer(device))
  if (!isOnHost || copied.length === 0) return [...buffers]
  const rest = Math.max(0, modelBytes - copied.reduce((sum, { bytes }) => sum + bytes, 0))
  return buffers.map((buffer) =>
    buffer.device === MAPPED ? { ...buffer, bytes: Math.min(buffer.bytes, rest) } : buffer,
  )
}

/** Sums of `buffers`: everything, and what does not lie in host memory. */
export function totalBytes(buffers: readonly BufferSize[]): { sizeBytes: number; sizeVramBytes: number } {
  let sizeBytes = 0
  let sizeVramBytes = 0
  for (const { device, bytes } of buffers) {
    sizeBytes += bytes
    if (!isHostBuffer(device)) sizeVramBytes += bytes
  }
  return { sizeBytes, sizeVramBytes }
}
