/** Writes GGUF files, whole or broken, without using anything of the reader under test. */

const VALUE_TYPE = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const
export type GgufValueType = keyof typeof VALUE_TYPE
export type GgufScalar = number | bigint | boolean | string | Uint8Array

export type GgufValue =
  | { type: Exclude<GgufValueType, 'array'>; value: GgufScalar }
  /** Elements of an array of arrays are themselves `{ of, items }`. */
  | { type: 'array'; value: GgufArray }
export interface GgufArray {
  of: GgufValueType
  items: readonly (GgufScalar | GgufArray)[]
}

export const u32 = (value: number): GgufValue => ({ type: 'uint32', value })
export const u64 = (value: number | bigint): GgufValue => ({ type: 'uint64', value })
export const f32 = (value: number): GgufValue => ({ type: 'float32', value })
export const bool = (value: boolean): GgufValue => ({ type: 'bool', value })
export const str = (value: string): GgufValue => ({ type: 'string', value })
export const array = (of: GgufValueType, items: GgufArray['items']): GgufValue => ({
  type: 'array',
  value: { of, items },
})

/** Number in the file, elements a block holds, bytes a block takes. */
const TENSOR_TYPE = {
  F32: [0, 1, 4],
  F16: [1, 1, 2],
  Q4_0: [2, 32, 18],
  Q8_0: [8, 32, 34],
  Q4_K: [12, 256, 144],
  Q6_K: [14, 256, 210],
  BF16: [30, 1, 2],
} as const
/** Whether tensors of a type by this name can be written. */
export const isTensorType = (name: string): name is keyof typeof TENSOR_TYPE => name in TENSOR_TYPE

export interface GgufTensor {
  name: string
  type: keyof typeof TENSOR_TYPE
  shape: readonly number[]
}

/** Collects bytes in one byte order. */
export class GgufBytes {
  readonly #parts: Buffer[] = []
  readonly #bigEndian: boolean
  length = 0

  constructor(bigEndian = false) {
    this.#bigEndian = bigEndian
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes))
    this.length += bytes.length
    return this
  }

  scalar(type: Exclude<GgufValueType, 'string' | 'array'>, value: number | bigint | boolean): this {
    const view = new DataView(new ArrayBuffer(8))
    const little = !this.#bigEndian
    const put: Record<typeof type, [bytes: number, put: () => void]> = {
      uint8: [1, () => view.setUint8(0, Number(value))],
      int8: [1, () => view.setInt8(0, Number(value))],
      bool: [1, () => view.setUint8(0, Number(value))],
      uint16: [2, () => view.setUint16(0, Number(value), little)],
      int16: [2, () => view.setInt16(0, Number(value), little)],
      uint32: [4, () => view.setUint32(0, Number(value), little)],
      int32: [4, () => view.setInt32(0, Number(value), little)],
      float32: [4, () => view.setFloat32(0, Number(value), little)],
      uint64: [8, () => view.setBigUint64(0, BigInt(value), little)],
      int64: [8, () => view.setBigInt64(0, BigInt(value), little)],
      float64: [8, () => view.setFloat64(0, Number(value), little)],
    }
    const [bytes, write] = put[type]
    write()
    return this.raw(new Uint8Array(view.buffer, 0, bytes))
  }

  u32(value: number): this {
    return this.scalar('uint32', value)
  }

  u64(value: number | bigint): this {
    return this.scalar('uint64', value)
  }

  string(text: string | Uint8Array): this {
    const bytes = Buffer.from(text)
    return this.u64(bytes.length).raw(bytes)
  }

  array(value: GgufArray): this {
    this.u32(VALUE_TYPE[value.of]).u64(value.items.length)
    for (const item of value.items) this.#item(value.of, item)
    return this
  }

  #item(type: GgufValueType, item: GgufScalar | GgufArray): this {
    if (typeof item === 'object' && 'items' in item) return this.array(item)
    if (typeof item === 'string' || item instanceof Uint8Array) return this.string(item)
    if (type === 'string' || type === 'array') throw new Error(`not a ${type}: ${item}`)
    return this.scalar(type, item)
  }

  /** A metadata entry: key, type, value. */
  entry(key: string, { type, value }: GgufValue): this {
    return this.string(key).u32(VALUE_TYPE[type]).#item(type, value)
  }

  /** Zeros up to the next multiple. */
  pad(alignment: number): this {
    return this.raw(new Uint8Array((alignment - (this.length % alignment)) % alignment))
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

export interface GgufFile {
  version?: number
  bigEndian?: boolean
  /** In file order. */
  metadata?: Record<string, GgufValue>
  tensors?: readonly GgufTensor[]
  /** Counts to claim in the header instead of the true ones. */
  claim?: { tensors?: number | bigint; metadata?: number | bigint }
  /** Leave the tensors' bytes out: only the header is written. */
  headerOnly?: boolean
}

/** The bytes of a GGUF file whose tensors are all zero. */
export function writeGguf(file: GgufFile): Buffer {
  const metadata = Object.entries(file.metadata ?? {})
  const tensors = file.tensors ?? []
  const declared = file.metadata?.['general.alignment']?.value
  const alignment = typeof declared === 'number' ? declared : 32
  const out = new GgufBytes(file.bigEndian)
    .raw(Buffer.from('GGUF'))
    .u32(file.version ?? 3)
    .u64(file.claim?.tensors ?? tensors.length)
    .u64(file.claim?.metadata ?? metadata.length)
  for (const [key, value] of metadata) out.entry(key, value)
  let offset = 0
  for (const tensor of tensors) {
    out.string(tensor.name).u32(tensor.shape.length)
    for (const dimension of tensor.shape) out.u64(dimension)
    out.u32(TENSOR_TYPE[tensor.type][0]).u64(offset)
    offset += Math.ceil(tensorBytes(tensor) / alignment) * alignment
  }
  if (!file.headerOnly) out.pad(alignment).raw(new Uint8Array(offset))
  return out.bytes()
}

/** Bytes the data of a tensor takes, without padding. */
export function tensorBytes({ type, shape }: GgufTensor): number {
  const [, blockElements, blockBytes] = TENSOR_TYPE[type]
  return (shape.reduce((product, n) => product * n, 1) / blockElements) * blockBytes
}
