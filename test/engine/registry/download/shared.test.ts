import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createDownloads } from '../../../../engine/registry/download/shared.ts'
import { tempFolder } from '../../../helpers/fixtures.ts'
import { type MemoryBlob, memoryBlob, noise, SMALL } from '../../../helpers/pull/memory-blob.ts'
import { recordingLog } from '../../../helpers/store.ts'

const CONTENT = noise(300_000)

async function shared(remote: MemoryBlob) {
  const folder = await tempFolder()
  const downloads = createDownloads(SMALL, recordingLog())
  onTestFinished(() => downloads.close())
  const blob = join(folder, 'blobs', remote.digest.replace(':', '-'))
  let located = 0
  const locate = async () => {
    located += 1
    return remote
  }
  /** A client that leaves when `isEnough` says so; what it has heard. */
  const client = async (isEnough: (completed: number) => boolean = () => false): Promise<number[]> => {
    const leaving = new AbortController()
    const heard: number[] = []
    for await (const completed of downloads.fetch(
      { digest: remote.digest, blob, locate },
      1,
      leaving.signal,
    )) {
      heard.push(completed)
      if (isEnough(completed)) break
    }
    return heard
  }
  return { folder, blob, downloads, client, located: () => located }
}

test('clients of one blob share its transfer, and each hears of progress', async () => {
  const remote = memoryBlob(CONTENT)
  const { blob, client, located } = await shared(remote)
  const heard = await Promise.all([client(), client(), client()])
  for (const counts of heard) expect(counts.length).toBeGreaterThan(1)
  expect(located()).toBe(1)
  expect(remote.sent).toBe(CONTENT.length)
  expect((await readFile(blob)).equals(CONTENT)).toBe(true)
})

test('a client that leaves does not stop the others', async () => {
  const remote = memoryBlob(CONTENT)
  const { blob, client } = await shared(remote)
  await Promise.all([client(), client((completed) => completed > 0)])
  expect(remote.sent).toBe(CONTENT.length)
  expect((await readFile(blob)).equals(CONTENT)).toBe(true)
})

test('when the last client leaves the transfer ends, and the next one goes on from there', async () => {
  const remote = memoryBlob(CONTENT)
  const { folder, blob, client } = await shared(remote)
  await client((completed) => completed > 100_000)
  // Right after the first has left, while that one is still being ended.
  await client()
  expect((await readFile(blob)).equals(CONTENT)).toBe(true)
  expect(remote.sent).toBeLessThan(CONTENT.length * 1.5)
  expect(await readdir(join(folder, 'blobs'))).toHaveLength(1)
})

test('closing ends a transfer after its progress is on disk', async () => {
  const remote = memoryBlob(CONTENT, () => ({ hangAfter: 50_000 }))
  const { folder, client, downloads } = await shared(remote)
  const left = client()
  left.catch(() => {})
  await expect.poll(() => remote.sent).toBeGreaterThan(100_000)
  await downloads.close()
  await expect(left).rejects.toThrow('aborted')
  const names = (await readdir(join(folder, 'blobs'))).filter((name) => /-partial-\d+$/.test(name))
  const texts = await Promise.all(names.map((name) => readFile(join(folder, 'blobs', name), 'utf8')))
  const completed = texts.reduce((sum, text) => sum + JSON.parse(text).Completed, 0)
  expect(completed).toBe(remote.sent)
})

test('a failure reaches every client', async () => {
  const remote = memoryBlob(CONTENT, () => ({ cutAfter: 0 }))
  const { client } = await shared(remote)
  const results = await Promise.allSettled([client(), client()])
  for (const result of results) {
    expect(result).toMatchObject({ reason: { message: 'max retries exceeded: connection reset' } })
  }
})
