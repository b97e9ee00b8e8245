import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ByteRanges } from '../../../engine/gguf/byte-ranges.ts'
import { LIMITS } from '../../../engine/gguf/limits.ts'
import { readGgufFile, readGgufHeader } from '../../../engine/gguf/read.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { array, type GgufTensor, str, writeGguf } from '../../helpers/gguf.ts'

/** Bytes in memory that keep account of what was read. */
function counted(bytes: Buffer, size = bytes.length) {
  const reads: [start: number, end: number][] = []
  const from: ByteRanges = {
    size,
    async read(start, end) {
      reads.push([start, end])
      return bytes.subarray(start, end)
    },
  }
  return { from, reads, total: () => reads.reduce((sum, [start, end]) => sum + end - start, 0) }
}
const BIG: GgufTensor = { name: 'big', type: 'F32', shape: [1 << 20] }
const vocabulary = (length: number) =>
  array(
    'string',
    Array.from({ length }, (_, id) => `token-${id}`),
  )

describe('a header that is far away', () => {
  test('costs one small read where it is short', async () => {
    const { from, reads } = counted(writeGguf({ metadata: { k: str('v') }, tensors: [BIG] }))
    expect((await readGgufHeader(from)).metadata.get('k')).toBe('v')
    expect(reads).toEqual([[0, 65_536]])
  })

  test('costs few reads where it is long, and no byte twice', async () => {
    const bytes = writeGguf({ metadata: { tokens: vocabulary(100_000), k: str('v') }, tensors: [BIG] })
    const { from, reads, total } = counted(bytes)
    const header = await readGgufHeader(from)
    expect(header.metadata.get('k')).toBe('v')
    expect(reads.length).toBeLessThanOrEqual(4)
    expect(reads.slice(1).map(([start]) => start)).toEqual(reads.slice(0, -1).map(([, end]) => end))
    expect(total()).toBeLessThan(5 * header.dataOffset)
  })

  test('of a small file is read to its end and no further', async () => {
    const bytes = writeGguf({ metadata: { k: str('v') } })
    const { from, reads } = counted(bytes)
    await readGgufHeader(from)
    expect(reads).toEqual([[0, bytes.length]])
  })

  test('is given up where it is longer than what may be read, unless more is allowed', async () => {
    const bytes = writeGguf({ metadata: { k: str('x'.repeat(LIMITS.remoteHeaderBytes)), l: str('v') } })
    const { from, total } = counted(bytes)
    await expect(readGgufHeader(from)).rejects.toMatchObject({
      name: 'GgufError',
      message: `the header needs byte 16777261, beyond the 16777216 bytes that are read of it`,
    })
    expect(total()).toBeLessThanOrEqual(LIMITS.remoteHeaderBytes)
    const generous = counted(bytes)
    const { metadata } = await readGgufHeader(generous.from, { maxBytes: LIMITS.headerBytes })
    expect(metadata.get('l')).toBe('v')
  })

  test('whose source gives less than it was asked for is refused', async () => {
    const { from } = counted(writeGguf({ metadata: { k: str('v') } }), 1000)
    await expect(readGgufHeader(from)).rejects.toThrow(/^cut short: \d+ bytes came for bytes 0 to 1000$/)
  })

  test('of a file without the tensors it claims is refused', async () => {
    const { from } = counted(writeGguf({ tensors: [BIG], headerOnly: true }))
    await expect(readGgufHeader(from)).rejects.toThrow(/^cut short: tensor "big" ends at byte 4194\d+, /)
  })

  test('is no longer read when nobody wants it', async () => {
    const { from, reads } = counted(writeGguf({ metadata: { k: str('v') } }))
    const signal = AbortSignal.abort(new Error('no longer wanted'))
    await expect(readGgufHeader(from, { signal })).rejects.toThrow('no longer wanted')
    expect(reads).toEqual([])
  })
})

describe('what is no regular file is refused without waiting for it:', () => {
  const message = 'not a GGUF file: it is not a regular file'

  test.skipIf(process.platform === 'win32')('a named pipe nobody writes to', async () => {
    const path = join(await tempFolder(), 'pipe')
    execFileSync('mkfifo', [path])
    await expect(readGgufFile(path)).rejects.toMatchObject({ name: 'GgufError', message })
  })

  test('a folder', async () => {
    await expect(readGgufFile(await tempFolder())).rejects.toThrow()
  })

  test('an empty file is refused for what it lacks', async () => {
    const path = join(await tempFolder(), 'empty.gguf')
    await writeFile(path, '')
    await expect(readGgufFile(path)).rejects.toThrow('cut short: the header needs byte 4, the file has 0')
  })
})
