import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blobPathOf, installFixtures, manifestPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { blobNames, openStore } from '../../helpers/store.ts'

describe('deleting a model', () => {
  test('ollama 125: keeps blobs another model uses, and the last user takes them along', async () => {
    const folder = await tempFolder()
    const { tiny } = await installFixtures(folder, ['tiny', { from: 'tiny', as: 'u/copy', system: 'mine' }])
    const store = await openStore(folder)
    await store.delete('u/copy')
    const rest = [tiny?.manifest.config, ...(tiny?.manifest.layers ?? [])].map((layer) => layer?.digest ?? '')
    expect(await blobNames(folder)).toEqual(rest.map((digest) => digest.replace(':', '-')).sort())
    expect(existsSync(join(folder, 'manifests/registry.ollama.ai/u'))).toBe(false)
    expect((await store.find('tiny')).facts?.architecture).toBe('llama')

    await store.delete('tiny')
    expect(await blobNames(folder)).toEqual([])
    expect(await readdir(join(folder, 'manifests'))).toEqual([])
  })

  test('ollama 126: of one that does not exist says so', async () => {
    const store = await openStore(await tempFolder())
    await expect(store.delete('nope')).rejects.toMatchObject({
      code: 'model_not_found',
      message: "model 'nope' not found",
    })
    await expect(store.delete('^')).rejects.toMatchObject({ code: 'invalid_model_name' })
  })

  test('works whatever the case of the name', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, [{ from: 'tiny', as: 'LLaMA3:8B' }])
    const store = await openStore(folder)
    await store.delete('llama3:8b')
    expect(await store.list()).toEqual([])
  })

  test('keeps the other tags of a model', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['tiny', { from: 'tiny', as: 'tiny:v2' }])
    const store = await openStore(folder)
    await store.delete('tiny')
    expect((await store.list()).map((model) => model.shortName)).toEqual(['tiny:v2'])
  })

  test('works when its blobs are gone already', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['tiny'])
    const store = await openStore(folder)
    await rm(join(folder, 'blobs'), { recursive: true })
    await store.delete('tiny')
    expect(await store.list()).toEqual([])
  })

  test('keeps all blobs while another manifest cannot be read: it may use them', async () => {
    const folder = await tempFolder()
    const { tiny } = await installFixtures(folder, ['tiny'])
    await mkdir(dirname(manifestPathOf(folder, 'broken')), { recursive: true })
    await writeFile(manifestPathOf(folder, 'broken'), '{"layers":')
    const store = await openStore(folder)
    const before = await blobNames(folder)
    await store.delete('tiny')
    expect(existsSync(tiny?.manifestPath ?? '')).toBe(false)
    expect(await blobNames(folder)).toEqual(before)
  })

  test('keeps a blob that another manifest names with a dash', async () => {
    const folder = await tempFolder()
    const { tiny } = await installFixtures(folder, ['tiny'])
    const layers = tiny?.manifest.layers.map((layer) => ({
      ...layer,
      digest: layer.digest.replace(':', '-'),
    }))
    await mkdir(dirname(manifestPathOf(folder, 'dash')), { recursive: true })
    await writeFile(manifestPathOf(folder, 'dash'), JSON.stringify({ layers }))
    const store = await openStore(folder)
    await store.delete('tiny')
    expect((await store.find('dash')).facts?.architecture).toBe('llama')
  })
})

describe('two servers on one folder', () => {
  test('delete models with shared blobs at the same time and leave nothing behind', async () => {
    const folder = await tempFolder()
    for (let round = 0; round < 10; round++) {
      await installFixtures(folder, ['tiny', 'tinysys', { from: 'tiny', as: 'u/third' }])
      const [one, other] = await Promise.all([openStore(folder), openStore(folder)])
      await Promise.all([one.delete('tiny'), other.delete('tinysys'), one.delete('u/third'), other.list()])
      expect(await blobNames(folder)).toEqual([])
      expect(await readdir(join(folder, 'manifests'))).toEqual([])
    }
  })

  test('delete the same model: one does it, the other says it is not there', async () => {
    const folder = await tempFolder()
    const [one, other] = await Promise.all([openStore(folder), openStore(folder)])
    for (let round = 0; round < 10; round++) {
      const { msg } = await installFixtures(folder, ['tiny', 'msg'])
      const outcomes = await Promise.allSettled([one.delete('tiny'), other.delete('tiny')])
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'model_not_found' },
      })
      expect((await one.list()).map((model) => model.shortName)).toEqual(['msg:latest'])
      expect(existsSync(blobPathOf(folder, msg?.manifest.config.digest ?? ''))).toBe(true)
    }
  })

  test('list while the other deletes and installs, and never fail', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['msg'])
    const [one, other] = await Promise.all([openStore(folder), openStore(folder)])
    const seen = new Set<number>()
    const writer = (async () => {
      for (let round = 0; round < 15; round++) {
        await installFixtures(folder, ['tiny', 'think'])
        await one.delete('tiny')
        await one.delete('think')
      }
      return 'done' as const
    })()
    const lister = async () => {
      const models = await other.list()
      seen.add(models.length)
      expect(models.map((model) => model.shortName)).toContain('msg:latest')
    }
    let isWriting = true
    while (isWriting) {
      await lister()
      isWriting = (await Promise.race([writer, Promise.resolve('busy')])) !== 'done'
    }
    expect(seen.size).toBeGreaterThan(0)
    expect((await other.list()).map((model) => model.shortName)).toEqual(['msg:latest'])
  })
})
