import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../../engine/store/digest.ts'
import { layerType, manifestBytes, type NewLayer } from '../../../engine/store/manifest.ts'
import type { ModelName, ModelStore } from '../../../engine/store/types.ts'
import { blobPathOf, installFixtures, manifestPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { blobNames, openStore } from '../../helpers/store.ts'

const NAME: ModelName = { host: 'registry.ollama.ai', namespace: 'library', model: 'new', tag: 'latest' }

/** A manifest of texts, whose blobs are in the store. */
async function manifestOf(store: ModelStore, texts: readonly string[]) {
  const layers: NewLayer[] = []
  for (const text of texts) {
    layers.push({ mediaType: layerType('license'), ...(await store.putBlob([Buffer.from(text)])) })
  }
  const config = await store.putBlob([Buffer.from('{}\n')])
  return { bytes: manifestBytes(config, layers), layers }
}

const fileOf = (text: string) => digestOf(text).replace(':', '-')

describe('installing a manifest', () => {
  test('writes it byte for byte, so that its hash is the digest of the model', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder)
    const { bytes } = await manifestOf(store, ['MIT'])
    // Other tools write other white space.
    const foreign = Buffer.from(JSON.stringify(JSON.parse(bytes.toString()), null, 3))
    await store.install(NAME, foreign)
    expect(await readFile(manifestPathOf(folder, 'new'))).toEqual(foreign)
    const digest = createHash('sha256').update(foreign).digest('hex')
    expect(await store.find('new')).toMatchObject({ digest, licenses: ['MIT'] })
  })

  test('ollama 144: removes the blobs that only the replaced manifest used', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder)
    await store.install(NAME, (await manifestOf(store, ['old', 'shared'])).bytes)
    await store.install({ ...NAME, tag: 'other' }, (await manifestOf(store, ['shared'])).bytes)
    await store.install(NAME, (await manifestOf(store, ['new'])).bytes)
    const names = await blobNames(folder)
    expect(names).not.toContain(fileOf('old'))
    expect(names).toEqual(expect.arrayContaining([fileOf('shared'), fileOf('new')]))
  })

  test('ollama 144: keeps them when pruning is turned off', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder, true)
    await store.install(NAME, (await manifestOf(store, ['old'])).bytes)
    await store.install(NAME, (await manifestOf(store, ['new'])).bytes)
    expect(await blobNames(folder)).toContain(fileOf('old'))
  })

  test('keeps blobs that somebody holds until they are let go', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder)
    const release = store.hold([digestOf('old').toUpperCase().replace('SHA256', 'sha256')])
    await store.install(NAME, (await manifestOf(store, ['old'])).bytes)
    await store.install(NAME, (await manifestOf(store, ['new'])).bytes)
    expect(await blobNames(folder)).toContain(fileOf('old'))
    await store.install(NAME, (await manifestOf(store, ['old'])).bytes)
    release()
    release()
    await store.delete('new')
    expect(await blobNames(folder)).not.toContain(fileOf('old'))
  })

  test('ollama 146: uses the spelling that is stored, part by part', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, [{ from: 'tiny', as: 'Me/Model:V1' }])
    const store = await openStore(folder)
    const name = { ...NAME, namespace: 'ME', model: 'mODEL', tag: 'v1' }
    expect(await store.spelling(name)).toEqual({ ...NAME, namespace: 'Me', model: 'Model', tag: 'V1' })
    expect(await store.spelling({ ...name, tag: 'v2' })).toMatchObject({ model: 'Model', tag: 'v2' })
    expect(await store.spelling(NAME)).toEqual(NAME)
    await store.install(name, (await manifestOf(store, ['MIT'])).bytes)
    expect((await store.list()).map(({ shortName }) => shortName)).toEqual(['Me/Model:V1'])
  })

  test.each([
    ['is no JSON', () => Buffer.from('{'), 'invalid manifest'],
    ['is a list', () => Buffer.from('[]'), 'invalid manifest'],
  ])('refuses what %s', async (_, bytes, message) => {
    const store = await openStore(await tempFolder())
    await expect(store.install(NAME, bytes())).rejects.toMatchObject({ code: 'bad_request', message })
    expect(await store.list()).toEqual([])
  })

  test('refuses a manifest with a blob that is not there, or has another size', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder)
    const { bytes, layers } = await manifestOf(store, ['MIT'])
    const digest = layers[0]?.digest ?? ''
    await writeFile(blobPathOf(folder, digest), 'MI')
    const short = { code: 'bad_request', message: `blob ${digest} has 2 bytes, not 3` }
    await expect(store.install(NAME, bytes)).rejects.toMatchObject(short)
    await rm(blobPathOf(folder, digest))
    const missing = { code: 'bad_request', message: `blob ${digest} is missing` }
    await expect(store.install(NAME, bytes)).rejects.toMatchObject(missing)
    expect(await store.list()).toEqual([])
  })

  test('replaces a manifest that cannot be read, and leaves all blobs then', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder)
    await store.install(NAME, (await manifestOf(store, ['old'])).bytes)
    await writeFile(manifestPathOf(folder, 'new'), 'broken')
    await store.install(NAME, (await manifestOf(store, ['new'])).bytes)
    expect((await store.find('new')).licenses).toEqual(['new'])
    expect(await blobNames(folder)).toContain(fileOf('old'))
  })

  test('by several at once leaves one whole model with all its blobs', async () => {
    const store = await openStore(await tempFolder())
    const texts = ['a', 'b', 'c', 'd', 'e', 'f']
    const manifests = await Promise.all(texts.map((text) => manifestOf(store, [text])))
    const releases = manifests.map(({ layers }) => store.hold(layers.map(({ digest }) => digest)))
    await Promise.all(manifests.map(({ bytes }) => store.install(NAME, bytes)))
    for (const release of releases) release()
    const { licenses } = await store.find('new')
    expect(texts).toContain(licenses[0])
  })
})
