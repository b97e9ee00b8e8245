import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { download } from '../../../../engine/registry/download/download.ts'
import type { DownloadTuning } from '../../../../engine/registry/download/tuning.ts'
import { tempFolder } from '../../../helpers/fixtures.ts'
import { type MemoryBlob, memoryBlob, noise, SMALL } from '../../../helpers/pull/memory-blob.ts'
import { recordingLog } from '../../../helpers/store.ts'

const MIB = 1024 * 1024
const CONTENT = noise(MIB + 12_345)

interface Attempt {
  folder: string
  remote: MemoryBlob
  tuning?: Partial<DownloadTuning>
  /** Hangs up once so many bytes are here. */
  leaveAt?: number
}

const blobPath = (folder: string, remote: MemoryBlob) =>
  join(folder, 'blobs', remote.digest.replace(':', '-'))

async function fetch({ folder, remote, tuning, leaveAt = Number.POSITIVE_INFINITY }: Attempt): Promise<void> {
  const client = new AbortController()
  const onProgress = (completed: number) => {
    if (completed >= leaveAt) client.abort()
  }
  const request = {
    remote,
    blob: blobPath(folder, remote),
    tuning: { ...SMALL, ...tuning },
    log: recordingLog(),
    onProgress,
  }
  await download(request, client.signal)
}

/** A download that was left when part of it was here. */
async function interrupted(remote: MemoryBlob, tuning?: Partial<DownloadTuning>): Promise<string> {
  const folder = await tempFolder()
  const left = fetch({ folder, remote, leaveAt: CONTENT.length * 0.6, ...(tuning ? { tuning } : {}) })
  await expect(left).rejects.toThrow('aborted')
  remote.sent = 0
  remote.ranges = []
  return folder
}

async function expectStored(folder: string, remote: MemoryBlob, content = CONTENT): Promise<void> {
  expect(await readdir(join(folder, 'blobs'))).toEqual([remote.digest.replace(':', '-')])
  expect((await readFile(blobPath(folder, remote))).equals(content)).toBe(true)
}

async function flipByteOnDisk(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await writeFile(path, bytes)
}

describe('downloading a blob', () => {
  test.each([0, 1, 99_999, 100_000, CONTENT.length])(
    '%d bytes arrive and nothing else is left',
    async (size) => {
      const folder = await tempFolder()
      const content = CONTENT.subarray(0, size)
      const remote = memoryBlob(content)
      await fetch({ folder, remote })
      await expectStored(folder, remote, content)
      expect(remote.sent).toBe(size)
    },
  )

  test('a blob that is hashed in a thread of its own arrives', async () => {
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT)
    await fetch({ folder, remote, tuning: { inlineHashBytes: 0 } })
    await expectStored(folder, remote)
  })

  test('parts are fetched side by side, at most as many as there may be', async () => {
    let open = 0
    let most = 0
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT)
    const { read } = remote
    remote.read = async function* (range, signal) {
      open += 1
      most = Math.max(most, open)
      yield* read(range, signal)
      open -= 1
    }
    await fetch({
      folder,
      remote,
      tuning: { lanes: 3, fastBytesPerSecond: Number.POSITIVE_INFINITY },
    })
    expect(most).toBe(3)
    await expectStored(folder, remote)
  })
})

describe('a download that was interrupted', () => {
  test('leaves the files that Ollama leaves', async () => {
    const remote = memoryBlob(CONTENT)
    const folder = await interrupted(remote)
    const names = await readdir(join(folder, 'blobs'))
    const blob = remote.digest.replace(':', '-')
    const partNames = names.filter((name) => name.startsWith(`${blob}-partial-`))
    expect(partNames).toHaveLength(11)
    const data = await readFile(join(folder, 'blobs', `${blob}-partial`))
    expect(data.length).toBe(CONTENT.length)
    let completed = 0
    for (const name of partNames) {
      const text = await readFile(join(folder, 'blobs', name), 'utf8')
      expect(text).toMatch(/^\{"N":\d+,"Offset":\d+,"Size":\d+,"Completed":\d+\}\n$/)
      const part = JSON.parse(text)
      expect(part.Offset).toBe(part.N * 100_000)
      expect(name).toBe(`${blob}-partial-${part.N}`)
      const end = part.Offset + part.Completed
      expect(data.subarray(part.Offset, end).equals(CONTENT.subarray(part.Offset, end))).toBe(true)
      completed += part.Completed
    }
    expect(completed).toBeGreaterThanOrEqual(CONTENT.length * 0.6)
  })

  test('goes on where it was', async () => {
    const remote = memoryBlob(CONTENT)
    const folder = await interrupted(remote)
    await fetch({ folder, remote })
    expect(remote.sent).toBeLessThan(CONTENT.length * 0.45)
    await expectStored(folder, remote)
  })

  test('of Ollama’s is gone on with', async () => {
    const remote = memoryBlob(CONTENT)
    const folder = await tempFolder()
    await ollamaPartial(folder, remote, [
      { N: 0, Offset: 0, Size: 400_000, Completed: 400_000 },
      { N: 1, Offset: 400_000, Size: 400_000, Completed: 1234 },
      { N: 2, Offset: 800_000, Size: CONTENT.length - 800_000, Completed: 0 },
    ])
    await fetch({ folder, remote })
    expect(remote.ranges.map(({ start }) => start)).toEqual([401_234, 800_000])
    await expectStored(folder, remote)
  })

  test.each([
    ['a part file that was cut short', '-partial-3', (text: string) => text.slice(0, 11)],
    ['a part that claims more than it has room for', '-partial-3', () => part(3, 300_000, 100_000, 200_000)],
    ['a part that lies over another', '-partial-3', () => part(3, 250_000, 100_000, 100_000)],
    ['a part beyond the end', '-partial-3', () => part(3, CONTENT.length, 100_000, 100_000)],
    ['checksums that say nothing', '-snug-pieces', () => 'x\n0 0 00000000\n1 99999999 00000000\n'],
    ['wrong checksums', '-snug-pieces', (text: string) => text.replaceAll(/[0-9a-f]{4}\n/g, '0000\n')],
  ])('is repaired where it left %s', async (_, suffix, change) => {
    const remote = memoryBlob(CONTENT)
    const folder = await interrupted(remote)
    const path = blobPath(folder, remote) + suffix
    await writeFile(path, change(await readFile(path, 'utf8')))
    await fetch({ folder, remote })
    await expectStored(folder, remote)
  })

  test('begins anew when its data file has gone', async () => {
    const remote = memoryBlob(CONTENT)
    const folder = await tempFolder()
    await ollamaPartial(folder, remote, [{ N: 0, Offset: 0, Size: CONTENT.length, Completed: 1000 }])
    await unlink(`${blobPath(folder, remote)}-partial`)
    await fetch({ folder, remote })
    expect(remote.sent).toBe(CONTENT.length)
    await expectStored(folder, remote)
  })

  test('has only the piece fetched again that was damaged on disk meanwhile', async () => {
    const remote = memoryBlob(CONTENT)
    const folder = await interrupted(remote)
    const missing = CONTENT.length - (await completedOf(folder, remote))
    await flipByteOnDisk(`${blobPath(folder, remote)}-partial`, 50_000)
    await fetch({ folder, remote })
    expect(remote.sent).toBeLessThanOrEqual(missing + SMALL.pieceBytes + 4096)
    expect(remote.sent).toBeGreaterThan(missing)
    await expectStored(folder, remote)
  })

  test('has one piece fetched again for a hash of what came that was damaged', async () => {
    const remote = memoryBlob(CONTENT)
    const folder = await interrupted(remote)
    const missing = CONTENT.length - (await completedOf(folder, remote))
    const path = `${blobPath(folder, remote)}-snug-pieces`
    const records = await readFile(path, 'utf8')
    // That of the second piece: it came in its turn.
    const damaged = records.replace(/^16384 16384 [0-9a-f]{64}$/m, `16384 16384 ${'0'.repeat(64)}`)
    expect(damaged).not.toBe(records)
    await writeFile(path, damaged)
    await fetch({ folder, remote })
    expect(remote.sent).toBe(missing + SMALL.pieceBytes)
    await expectStored(folder, remote)
  })

  test('of whose beginning nothing is known, and which was damaged there, is repaired', async () => {
    const remote = memoryBlob(CONTENT)
    const folder = await interrupted(remote)
    const missing = CONTENT.length - (await completedOf(folder, remote))
    const path = `${blobPath(folder, remote)}-snug-pieces`
    await writeFile(path, (await readFile(path, 'utf8')).replace(/^0 16384 .*$/m, 'x'))
    await flipByteOnDisk(`${blobPath(folder, remote)}-partial`, 10_000)
    await fetch({ folder, remote })
    // Hashes of all that came before do not match either: one more piece shows that they say nothing.
    expect(remote.sent).toBeLessThanOrEqual(missing + 3 * SMALL.pieceBytes)
    await expectStored(folder, remote)
  })
})

describe('a network that fails', () => {
  test('is asked again from where it broke off', async () => {
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT, (request) => (request % 2 === 0 ? { cutAfter: 20_000 } : {}))
    await fetch({ folder, remote })
    await expectStored(folder, remote)
    expect(remote.sent).toBe(CONTENT.length)
  })

  test('is given up after six tries', async () => {
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT.subarray(0, 50_000), () => ({ cutAfter: 0 }))
    await expect(fetch({ folder, remote })).rejects.toThrow('max retries exceeded: connection reset')
    expect(remote.ranges).toHaveLength(6)
  })

  test('that stalls is asked again, and that is no failed try', async () => {
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT.subarray(0, 90_000), (request) =>
      request < 8 ? { hangAfter: 8192 } : {},
    )
    await fetch({ folder, remote, tuning: { stallMs: 20 } })
    expect(remote.ranges).toHaveLength(9)
    expect(remote.sent).toBe(90_000)
  })

  test('that gives nothing at all is given up', async () => {
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT.subarray(0, 90_000), () => ({ hangAfter: 0 }))
    const fetching = fetch({ folder, remote, tuning: { stallMs: 5 } })
    await expect(fetching).rejects.toThrow('max retries exceeded: part stalled')
  })

  test('that gave a wrong byte is found out, and only that piece is replaced', async () => {
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT, (request) => (request === 0 ? { wrong: 40_000 } : {}))
    await fetch({ folder, remote })
    await expectStored(folder, remote)
    // Pieces are asked for in order until the difference is found: the third one.
    expect(remote.sent).toBeLessThan(CONTENT.length + 4 * (SMALL.pieceBytes + 4096))
  })

  test('that gives wrong bytes every time ends in Ollama’s words, and nothing is kept', async () => {
    const folder = await tempFolder()
    const remote = memoryBlob(CONTENT)
    const got = remote.digest
    remote.digest = `sha256:${createHash('sha256').update('something else').digest('hex')}`
    await expect(fetch({ folder, remote })).rejects.toThrow(
      `digest mismatch, file must be downloaded again: want ${remote.digest}, got ${got}`,
    )
    expect(await readdir(join(folder, 'blobs'))).toEqual([])
  })
})

test('a blob that cannot fit is refused before anything is fetched', async () => {
  const folder = await tempFolder()
  const remote = memoryBlob(CONTENT)
  remote.size = 2 ** 52
  await expect(fetch({ folder, remote })).rejects.toThrow(
    /no space left on device: 4503599\.6 GB more are needed/,
  )
  expect(remote.ranges).toEqual([])
})

async function ollamaPartial(folder: string, remote: MemoryBlob, parts: readonly object[]): Promise<void> {
  await mkdir(join(folder, 'blobs'))
  await writeFile(`${blobPath(folder, remote)}-partial`, CONTENT)
  for (const [n, json] of parts.entries()) {
    await writeFile(`${blobPath(folder, remote)}-partial-${n}`, `${JSON.stringify(json)}\n`)
  }
}

const part = (N: number, Offset: number, Size: number, Completed: number) =>
  `${JSON.stringify({ N, Offset, Size, Completed })}\n`

async function completedOf(folder: string, remote: MemoryBlob): Promise<number> {
  let completed = 0
  for (let n = 0; await stat(`${blobPath(folder, remote)}-partial-${n}`).catch(() => undefined); n++) {
    completed += JSON.parse(await readFile(`${blobPath(folder, remote)}-partial-${n}`, 'utf8')).Completed
  }
  return completed
}
