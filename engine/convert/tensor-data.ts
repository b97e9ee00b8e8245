import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { TensorToWrite } from '../gguf/write.ts'
import { refused } from './refuse.ts'
import type { TensorPlan } from './tensors.ts'
import type { SourceTensor } from './weights.ts'

/** What is in memory of a matrix at once. */
const PIECE_BYTES = 1024 * 1024

/**
 * The tensor as GGUF has it: matrices keep their type, vectors become F32, as llama.cpp wants them. Dimensions come
 * fastest first there.
 */
export function tensorToWrite(plan: TensorPlan): TensorToWrite {
  const { from, name } = plan
  const shape = from.shape.toReversed()
  if (from.shape.length === 1) {
    const bytes = (from.shape[0] ?? 0) * Float32Array.BYTES_PER_ELEMENT
    return { name, type: 'F32', shape, bytes, data: () => vectorOf(plan) }
  }
  const data = plan.interleavedHeads > 0 ? () => interleavedRows(plan) : () => bytesOf(from)
  return { name, type: from.dtype, shape, bytes: from.bytes, data }
}

const bytesOf = ({ path, offset, bytes }: SourceTensor): AsyncIterable<Uint8Array> =>
  createReadStream(path, { start: offset, end: offset + bytes - 1, highWaterMark: PIECE_BYTES })

/**
 * Rows i and i + n/2 of each head of n rows become neighbours: transformers rotates the halves of a head against
 * each other, llama.cpp in this architecture each number with the next (llama.cpp conversion/llama.py, `permute`).
 */
async function* interleavedRows({ from, interleavedHeads: heads }: TensorPlan): AsyncGenerator<Uint8Array> {
  const [rows = 0] = from.shape
  const rowBytes = from.bytes / rows
  const half = rows / heads / 2
  const step = Math.max(1, Math.floor(PIECE_BYTES / (2 * rowBytes)))
  const file = await open(from.path)
  try {
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < half; row += step) {
        const count = Math.min(step, half - row)
        const first = from.offset + (head * 2 * half + row) * rowBytes
        const left = await readAt(file, first, count * rowBytes)
        const right = await readAt(file, first + half * rowBytes, count * rowBytes)
        yield woven(left, right, rowBytes)
      }
    }
  } finally {
    await file.close()
  }
}

function woven(left: Buffer, right: Buffer, rowBytes: number): Buffer {
  const out = Buffer.allocUnsafe(left.length * 2)
  for (let at = 0; at < left.length; at += rowBytes) {
    left.copy(out, at * 2, at, at + rowBytes)
    right.copy(out, at * 2 + rowBytes, at, at + rowBytes)
  }
  return out
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, position + filled)
    if (bytesRead === 0) throw refused('a safetensors file lost its end while it was read')
    filled += bytesRead
  }
  return buffer
}

async function* vectorOf({ from, interleavedHeads: heads, offset }: TensorPlan): AsyncGenerator<Uint8Array> {
  const file = await open(from.path)
  try {
    const values = floatsOf(await readAt(file, from.offset, from.bytes), from.dtype)
    const ordered = heads > 0 ? interleaved(values, heads) : values
    yield littleEndian(ordered.map((value) => value + offset))
  } finally {
    await file.close()
  }
}

function interleaved(values: Float32Array, heads: number): Float32Array {
  const length = values.length / heads
  return values.map((_, i) => {
    const inHead = i % length
    return values[i - inHead + (inHead >> 1) + (inHead % 2) * (length / 2)] ?? 0
  })
}

function floatsOf(bytes: Buffer, dtype: string): Float32Array {
  const length = bytes.length / (dtype === 'F32' ? 4 : 2)
  return Float32Array.from({ length }, (_, i) => {
    if (dtype === 'F32') return bytes.readFloatLE(i * 4)
    const bits = bytes.readUInt16LE(i * 2)
    return dtype === 'F16' ? fromHalf(bits) : fromBrain(bits)
  })
}

/** bfloat16 is the upper half of a float32. */
function fromBrain(bits: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, bits)
  return view.getFloat32(0)
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** The bytes of a vector in a GGUF file. */
export function littleEndian(values: Float32Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeFloatLE(value, i * 4)
  return bytes
}
