import { readFile, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { installFixtures, manifestPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { blobNames, openStore } from '../../helpers/store.ts'

async function store() {
  const folder = await tempFolder()
  const { tiny } = await installFixtures(folder, ['tiny', { from: 'tinysys', as: 'Other:V1' }])
  return { folder, tiny, models: await openStore(folder) }
}

describe('copying a model', () => {
  test('ollama 123: writes the same manifest under another name and no blob', async () => {
    const { folder, tiny, models } = await store()
    const before = await blobNames(folder)
    await models.copy('tiny', 'u/copy')
    expect(await readFile(manifestPathOf(folder, 'u/copy'))).toEqual(await readFile(tiny?.manifestPath ?? ''))
    expect(await blobNames(folder)).toEqual(before)
    expect((await models.find('u/copy')).facts?.architecture).toBe('llama')
  })

  test('ollama 124: to itself changes nothing', async () => {
    const { tiny, models } = await store()
    const before = await stat(tiny?.manifestPath ?? '')
    await models.copy('tiny', 'TINY:Latest')
    expect((await stat(tiny?.manifestPath ?? '')).mtimeMs).toBe(before.mtimeMs)
    expect(await models.list()).toHaveLength(2)
  })

  test('over another model replaces it, whatever the case, and clears up after it', async () => {
    const { folder, models } = await store()
    const system = (await models.find('other:v1')).layers.find(({ mediaType }) =>
      mediaType.endsWith('.system'),
    )
    await models.copy('tiny', 'other:v1')
    expect((await models.list()).map(({ shortName }) => shortName).sort()).toEqual([
      'Other:V1',
      'tiny:latest',
    ])
    expect((await models.find('other:v1')).system).toBeUndefined()
    expect(await blobNames(folder)).not.toContain(system?.digest.replace(':', '-'))
  })

  test('says which of the names is at fault', async () => {
    const { models } = await store()
    await expect(models.copy('nope', 'x')).rejects.toMatchObject({ code: 'model_not_found' })
    await expect(models.copy('tiny', 'a b')).rejects.toMatchObject({ code: 'invalid_model_name' })
  })
})
