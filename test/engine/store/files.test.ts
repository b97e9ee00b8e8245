import { writeFileSync } from 'node:fs'
import { readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../../engine/store/digest.ts'
import { takeFile } from '../../../engine/store/files.ts'
import { blobPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { blobNames, openStore } from '../../helpers/store.ts'

const never = new AbortController().signal
const silent = () => {}

async function aFile() {
  const folder = await tempFolder()
  const path = join(folder, 'weights.gguf')
  await writeFile(path, 'weights')
  return { folder, path, models: join(folder, 'models'), digest: digestOf('weights') }
}

describe('a file from elsewhere', () => {
  test('becomes a blob that shares its bytes on the same file system', async () => {
    const { path, models, digest } = await aFile()
    const seen: number[] = []
    const taken = await takeFile(models, path, never, (bytes) => seen.push(bytes))
    expect(taken).toEqual({ digest, size: 7, how: 'linked' })
    expect((await stat(blobPathOf(models, digest))).ino).toBe((await stat(path)).ino)
    expect(seen).toEqual([7])
  })

  test('is not taken twice', async () => {
    const { path, models } = await aFile()
    await takeFile(models, path, never, silent)
    expect((await takeFile(models, path, never, silent)).how).toBe('existing')
    expect(await blobNames(models)).toHaveLength(1)
  })

  test('is the one a symbolic link points to', async () => {
    const { folder, path, models, digest } = await aFile()
    await symlink(path, join(folder, 'link'))
    await takeFile(models, join(folder, 'link'), never, silent)
    expect((await stat(blobPathOf(models, digest))).nlink).toBe(2)
  })

  test('on another file system is copied, or cloned where that is possible', async ({ skip }) => {
    const elsewhere = '/dev/shm'
    const { path, digest } = await aFile()
    const other = await stat(elsewhere).catch(() => undefined)
    if (other === undefined || other.dev === (await stat(path)).dev) skip('there is only one file system')
    const taken = await takeFile(await tempFolder(elsewhere), path, never, silent)
    expect(taken).toMatchObject({ digest, size: 7 })
    expect(['cloned', 'copied']).toContain(taken.how)
  })

  test('must be a file', async () => {
    const { folder, models } = await aFile()
    const refused = { code: 'bad_request', message: `${folder} is not a file` }
    await expect(takeFile(models, folder, never, silent)).rejects.toMatchObject(refused)
    await expect(takeFile(models, join(folder, 'no'), never, silent)).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  test('that changes while it is read is refused', async () => {
    const { path, models } = await aFile()
    // Between the hash and the link.
    const taking = takeFile(models, path, never, () => writeFileSync(path, 'other weights'))
    await expect(taking).rejects.toMatchObject({ message: `${path} changed while it was read` })
    expect(await blobNames(models)).toEqual([])
  })

  test('leaves nothing behind when its hashing is given up', async () => {
    const { path, models } = await aFile()
    await expect(takeFile(models, path, AbortSignal.abort(), silent)).rejects.toThrow('aborted')
    expect(await blobNames(models)).toEqual([])
  })
})

test('a file that was written beside the blobs gets its name', async () => {
  const folder = await tempFolder()
  const store = await openStore(folder)
  const path = store.temporaryPath()
  await writeFile(path, 'quantized')
  const blob = await store.putFile(path, never)
  expect(blob).toEqual({ digest: digestOf('quantized'), size: 9 })
  expect(await readFile(store.blobPath(blob.digest), 'utf8')).toBe('quantized')
  expect(await blobNames(folder)).toHaveLength(1)
})
