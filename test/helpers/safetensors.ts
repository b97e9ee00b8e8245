/** Writes safetensors files, whole or broken, without using anything of the reader under test. */

export type FloatType = 'F32' | 'F16' | 'BF16'

export interface SourceTensor {
  shape: readonly number[]
  values: Float32Array
}

/** A file with these tensors, one after the other. */
export function safetensors(tensors: ReadonlyMap<string, SourceTensor>, dtype: FloatType = 'F32'): Buffer {
  const parts: Buffer[] = []
  let offset = 0
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  for (const [name, { shape, values }] of tensors) {
    const bytes = floatBytes(values, dtype)
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] }
    parts.push(bytes)
    offset += bytes.length
  }
  return rawSafetensors(JSON.stringify(header), Buffer.concat(parts))
}

/** A file with any header, and a length in front of it that may be a lie. */
export function rawSafetensors(
  header: string,
  data: Uint8Array,
  length = BigInt(Buffer.byteLength(header)),
): Buffer {
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(length)
  return Buffer.concat([prefix, Buffer.from(header), data])
}

/** The nearest values that the type has. */
export function rounded(values: Float32Array, dtype: FloatType): Float32Array {
  if (dtype === 'F32') return values
  return values.map((value) => (dtype === 'BF16' ? fromBrain(toBrain(value)) : fromHalf(toHalf(value))))
}

function floatBytes(values: Float32Array, dtype: FloatType): Buffer {
  if (dtype === 'F32') return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  const out = Buffer.alloc(values.length * 2)
  for (const [i, value] of values.entries()) {
    out.writeUInt16LE(dtype === 'BF16' ? toBrain(value) : toHalf(value), i * 2)
  }
  return out
}

const view = new DataView(new ArrayBuffer(4))

function toBrain(value: number): number {
  view.setFloat32(0, value)
  return (view.getUint32(0) + 0x8000) >>> 16
}

function fromBrain(bits: number): number {
  view.setUint32(0, bits << 16)
  return view.getFloat32(0)
}

/** Only what random weights need: numbers smaller than 2, the tiniest of them as 0. */
function toHalf(value: number): number {
  const sign = value < 0 ? 0x8000 : 0
  const size = Math.abs(value)
  if (size < 2 ** -14) return sign
  const exponent = Math.floor(Math.log2(size))
  return sign | (((exponent + 15) << 10) + Math.round((size / 2 ** exponent - 1) * 1024))
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  return exponent === 0 ? 0 : sign * (1 + (bits & 0x3ff) / 1024) * 2 ** (exponent - 15)
}
