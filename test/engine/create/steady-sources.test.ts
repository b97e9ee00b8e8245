import { appendFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { withSteadySources } from '../../../engine/create/steady-sources.ts'
import { blobPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { blobNames, openStore } from '../../helpers/store.ts'

const never = new AbortController().signal

async function aBlob() {
  const folder = await tempFolder()
  const models = await openStore(folder)
  const { digest } = await models.putBlob([Buffer.from('weights')])
  return { folder, models, digest, path: blobPathOf(folder, digest) }
}

test('work on blobs that stay as they are gives its result', async () => {
  const { models, digest } = await aBlob()
  expect(await withSteadySources(models, [digest], never, async () => 'made')).toBe('made')
})

test('a blob that is damaged while it is read makes no model, and is removed so that it can come again', async () => {
  const { folder, models, digest, path } = await aBlob()
  const work = withSteadySources(models, [digest], never, () => appendFile(path, '!'))
  await expect(work).rejects.toMatchObject({
    code: 'create_failed',
    message: `blob ${digest} changed while it was read, it is damaged and removed: upload it again`,
  })
  expect(await blobNames(folder)).toEqual([])
})

test('a blob that is cut while it is read is the reason, whatever the reader made of it', async () => {
  const { models, digest, path } = await aBlob()
  const work = withSteadySources(models, [digest], never, async () => {
    await writeFile(path, 'w')
    throw new Error('unexpected end')
  })
  await expect(work).rejects.toMatchObject({
    code: 'create_failed',
    cause: { message: 'unexpected end' },
  })
})

test('a blob that was put in place once more stays', async () => {
  const { folder, models, digest } = await aBlob()
  const work = withSteadySources(models, [digest], never, () => models.putBlob([Buffer.from('weights')]))
  await expect(work).rejects.toMatchObject({
    message: `blob ${digest} changed while it was read, try again`,
  })
  expect(await blobNames(folder)).toHaveLength(1)
})

test('a failure on blobs that stay as they are keeps its own words', async () => {
  const { models, digest } = await aBlob()
  const work = withSteadySources(models, [digest], never, () => Promise.reject(new Error('no such type')))
  await expect(work).rejects.toThrow('no such type')
})
