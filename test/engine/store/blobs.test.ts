import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blobPath, hasBlob, putBlob, removeBlob } from '../../../engine/store/blobs.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { blobNames } from '../../helpers/store.ts'

const HELLO = createHash('sha256').update('hello world').digest('hex')

describe('a blob', () => {
  test('is stored under the hash of its content', async () => {
    const folder = await tempFolder()
    const blob = await putBlob(folder, [Buffer.from('hello '), Buffer.from('world')])
    expect(blob).toEqual({ digest: `sha256:${HELLO}`, size: 11 })
    expect(await blobNames(folder)).toEqual([`sha256-${HELLO}`])
    expect(await readFile(blobPath(folder, blob.digest), 'utf8')).toBe('hello world')
    expect(await hasBlob(folder, blob.digest)).toBe(true)
    await removeBlob(folder, blob.digest)
    await removeBlob(folder, blob.digest)
    expect(await hasBlob(folder, blob.digest)).toBe(false)
  })

  test('may be stored by several at once', async () => {
    const folder = await tempFolder()
    const puts = Array.from({ length: 8 }, () => putBlob(folder, [Buffer.from('hello world')]))
    expect(new Set((await Promise.all(puts)).map(({ digest }) => digest))).toEqual(
      new Set([`sha256:${HELLO}`]),
    )
    expect(await blobNames(folder)).toEqual([`sha256-${HELLO}`])
  })

  test('whose content breaks off leaves nothing behind', async () => {
    const folder = await tempFolder()
    const breaksOff = async function* () {
      yield Buffer.from('hello ')
      throw new Error('the client left')
    }
    await expect(putBlob(folder, breaksOff())).rejects.toThrow('the client left')
    expect(await blobNames(folder)).toEqual([])
  })

  test('for which there is no room leaves nothing behind, and says so', async () => {
    const folder = await tempFolder()
    const overflows = async function* () {
      yield Buffer.from('hello ')
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    await expect(putBlob(folder, overflows())).rejects.toMatchObject({
      code: 'create_failed',
      message: `write ${join(folder, 'blobs')}: no space left on device`,
    })
    expect(await blobNames(folder)).toEqual([])
  })

  test.each([
    'sha256:xyz',
    '../../etc/passwd',
    `sha256:${HELLO}/../../x`,
    `sha256:${HELLO}\n`,
    `md5:${HELLO}`,
    `sha256/${HELLO}`,
    '',
  ])('ollama 128: is not looked for under %j', async (digest) => {
    expect(() => blobPath('/models', digest)).toThrow(
      expect.objectContaining({ code: 'bad_request', message: 'invalid digest format' }),
    )
  })

  test('has one path, whether its digest is written with a colon or a dash', () => {
    const expected = join('/models', 'blobs', `sha256-${HELLO}`)
    expect(blobPath('/models', `sha256:${HELLO}`)).toBe(expected)
    expect(blobPath('/models', `sha256-${HELLO}`)).toBe(expected)
  })
})
