import { Cursor } from './cursor.ts'
import { GgufError } from './error.ts'
import { LIMITS } from './limits.ts'
import { tensorType } from './tensor-type.ts'
import { type GgufHeader, type GgufTensor, type GgufValue, VALUE_TYPES } from './types.ts'
import { readValue, readValueType } from './value.ts'

// A GGUF file: magic, version, tensor count, metadata count, the metadata entries (key, type, value), the tensor
// descriptions (name, dimensions, type, offset), padding, tensor data. Versions 2 and 3 are laid out alike; 3
// only added big-endian files.

/** Where a file does not say otherwise (ggml/include/gguf.h). */
export const DEFAULT_ALIGNMENT = 32

const BIG_ENDIAN = 'big-endian GGUF files cannot be used'

/**
 * Reads a header from the first bytes of a file. Throws GgufError for what is wrong with the file and
 * MoreBytesNeeded when the header goes on past `bytes`.
 */
export function parseGguf(bytes: Buffer): GgufHeader {
  const cursor = new Cursor(bytes)
  const version = readPreamble(cursor)
  const tensorCount = cursor.count(LIMITS.tensors, 'the number of tensors')
  const entryCount = cursor.count(LIMITS.metadataEntries, 'the number of metadata entries')
  const { metadata, encoded } = readMetadata(cursor, entryCount)
  const alignment = alignmentOf(metadata, encoded('general.alignment'))
  const tensors = readTensors(cursor, tensorCount)
  checkOffsets(tensors, alignment)
  return { version, metadata, encoded, tensors, alignment, dataOffset: padded(cursor.offset, alignment) }
}

function readPreamble(cursor: Cursor): number {
  const start = cursor.take(4)
  const magic = cursor.bytes.toString('latin1', start, start + 4)
  if (magic === 'FUGG') throw new GgufError(BIG_ENDIAN)
  if (magic !== 'GGUF') throw new GgufError(`not a GGUF file: it starts with ${JSON.stringify(magic)}`)
  const version = cursor.uint32()
  // A small number read in the wrong byte order has its low half empty.
  if (version !== 0 && version % 0x10000 === 0) throw new GgufError(BIG_ENDIAN)
  if (version !== 2 && version !== 3) {
    throw new GgufError(`GGUF version ${version} cannot be used: only 2 and 3 can`)
  }
  return version
}

function readMetadata(cursor: Cursor, count: number): Pick<GgufHeader, 'metadata' | 'encoded'> {
  const metadata = new Map<string, GgufValue>()
  const spans = new Map<string, [start: number, end: number]>()
  for (let i = 0; i < count; i++) {
    const start = cursor.offset
    const key = cursor.name(LIMITS.keyBytes, `the key of metadata entry ${i}`)
    if (metadata.has(key))
      throw new GgufError(`metadata key ${show(key)} comes twice, again at byte ${start}`)
    const valueStart = cursor.offset
    metadata.set(key, readValue(cursor, readValueType(cursor), show(key)))
    spans.set(key, [valueStart, cursor.offset])
  }
  const encoded = (key: string) => {
    const span = spans.get(key)
    return span && cursor.bytes.subarray(...span)
  }
  return { metadata, encoded }
}

function readTensors(cursor: Cursor, count: number): GgufTensor[] {
  const tensors: GgufTensor[] = []
  const names = new Set<string>()
  for (let i = 0; i < count; i++) {
    const start = cursor.offset
    const tensor = readTensor(cursor, `tensor ${i}`)
    if (names.has(tensor.name)) {
      throw new GgufError(`tensor ${show(tensor.name)} comes twice, again at byte ${start}`)
    }
    names.add(tensor.name)
    tensors.push(tensor)
  }
  return tensors
}

function readTensor(cursor: Cursor, which: string): GgufTensor {
  const start = cursor.offset
  const name = cursor.name(LIMITS.tensorNameBytes, `the name of ${which}`)
  const what = `tensor ${show(name)} at byte ${start}`
  const dimensions = cursor.uint32()
  if (dimensions > LIMITS.tensorDimensions) {
    throw new GgufError(`${what} has ${dimensions} dimensions, more than ${LIMITS.tensorDimensions}`)
  }
  const shape = Array.from({ length: dimensions }, () =>
    cursor.count(Number.MAX_SAFE_INTEGER, `a dimension of ${what}`),
  )
  if (shape.includes(0)) throw new GgufError(`${what} is empty: its shape is [${shape}]`)
  const typeId = cursor.uint32()
  const type = tensorType(typeId)
  if (type === undefined) throw new GgufError(`${what} has the unknown type ${typeId}`)
  const elements = shape.reduce((product, n) => product * n, 1)
  if (!Number.isSafeInteger(elements)) throw new GgufError(`${what} has more elements than can be counted`)
  const [row = 1] = shape
  if (row % type.blockValues !== 0) {
    throw new GgufError(
      `${what} has rows of ${row}, not a multiple of the ${type.blockValues} of ${type.name}`,
    )
  }
  const bytes = (elements / type.blockValues) * type.blockBytes
  if (!Number.isSafeInteger(bytes)) throw new GgufError(`${what} has more bytes than can be counted`)
  const offset = cursor.count(Number.MAX_SAFE_INTEGER, `the offset of ${what}`)
  return { name, type: type.name, shape, elements, bytes, offset }
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, encoded: Uint8Array | undefined): number {
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT
  // Native readers take the bytes for a uint32 without looking, or end the process where they are none.
  if (typeof alignment !== 'number' || (encoded && encoded[0] !== VALUE_TYPES.indexOf('uint32'))) {
    throw new GgufError('general.alignment is not a uint32')
  }
  if (alignment < 1 || !Number.isInteger(Math.log2(alignment))) {
    throw new GgufError(`general.alignment is ${alignment}, not a power of two`)
  }
  if (alignment > LIMITS.alignment) {
    throw new GgufError(`general.alignment is ${alignment}, more than ${LIMITS.alignment}`)
  }
  return alignment
}

/** Tensors lie in the order of their descriptions, one after the other, each padded to the alignment. */
function checkOffsets(tensors: readonly GgufTensor[], alignment: number): void {
  let expected = 0
  for (const { name, offset, bytes } of tensors) {
    const what = `tensor ${show(name)} starts at byte ${offset} of the tensor data`
    if (offset % alignment !== 0) throw new GgufError(`${what}, which is not aligned to ${alignment}`)
    if (offset < expected) throw new GgufError(`${what}, where others lie: it belongs at ${expected}`)
    if (offset > expected) throw new GgufError(`${what} and leaves a gap: it belongs at ${expected}`)
    expected = offset + padded(bytes, alignment)
    if (!Number.isSafeInteger(expected)) {
      throw new GgufError(`the tensors up to ${show(name)} have more bytes than can be counted`)
    }
  }
}

/** The next multiple of the alignment. */
export const padded = (bytes: number, alignment: number): number => Math.ceil(bytes / alignment) * alignment

/** A name from the file as it may stand in a message: quoted, and not endless. */
export const show = (text: string) => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
