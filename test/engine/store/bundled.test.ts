import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installBundledModel } from '../../../engine/store/bundled.ts'
import { FIXTURE_MODELS } from '../../helpers/fixture-models.ts'
import { fixtureWeights, installFixtures, manifestPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { str } from '../../helpers/gguf.ts'
import { makeOld, openStore, recordingLog } from '../../helpers/store.ts'

const NAME = 'snug-tiny'
const OLD = fixtureWeights(FIXTURE_MODELS.tiny)
const NEW = fixtureWeights({ ...FIXTURE_MODELS.jinja, metadata: { 'general.version': str('2') } })
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** A models folder and a bundled file beside it; `start` is what every start of the server does. */
async function setting() {
  const root = await tempFolder()
  const folder = join(root, 'models')
  const file = join(root, 'snug-tiny.gguf')
  const log = recordingLog()
  await writeFile(file, OLD)
  return {
    folder,
    file,
    log,
    start: async () => {
      await installBundledModel({ folder, name: NAME, file, log })
      return openStore(folder)
    },
    marker: async () => JSON.parse(await readFile(join(folder, 'snug.json'), 'utf8')),
  }
}

describe('the bundled model', () => {
  test('is there after the first start, as any installed model', async () => {
    const { start, marker, log } = await setting()
    const model = await (await start()).find(NAME)
    expect(model).toMatchObject({
      shortName: 'snug-tiny:latest',
      config: { modelFormat: 'gguf', modelFamily: 'llama', parameterSize: '4K', quantizationLevel: 'Q4_0' },
      licenses: [expect.stringMatching(/^MIT License/)],
      capabilities: ['completion'],
      parameters: {},
    })
    expect(await readFile(model.weightsPath ?? '')).toEqual(OLD)
    expect(await marker()).toEqual({ bundled: { [NAME]: sha256(OLD) } })
    expect(log.lines.map(({ message }) => message)).toEqual(['bundled model installed'])
  })

  test('is installed once, not at every start', async () => {
    const { folder, start, log } = await setting()
    const before = await (await start()).find(NAME)
    await makeOld(manifestPathOf(folder, NAME))
    const after = await (await start()).find(NAME)
    expect(after.digest).toBe(before.digest)
    expect(after.modifiedAt.getTime()).toBeLessThan(Date.now() - 60 * 60 * 1000)
    expect(log.lines).toHaveLength(1)
  })

  test('stays deleted when the user has deleted it, also when a new one comes', async () => {
    const { file, start } = await setting()
    await (await start()).delete(NAME)
    expect(await (await start()).list()).toEqual([])
    await writeFile(file, NEW)
    expect(await (await start()).list()).toEqual([])
  })

  test('is replaced by a new one when the user has left it as it was', async () => {
    const { file, start, marker } = await setting()
    await start()
    await writeFile(file, NEW)
    const model = await (await start()).find(NAME)
    expect(await readFile(model.weightsPath ?? '')).toEqual(NEW)
    expect(model.capabilities).toContain('tools')
    expect(await marker()).toEqual({ bundled: { [NAME]: sha256(NEW) } })
  })

  test('comes with its parameters, and is left alone when the user has other ones', async () => {
    const { folder, file, log } = await setting()
    const start = async () => {
      await installBundledModel({ folder, name: NAME, file, parameters: { temperature: 0 }, log })
      return (await openStore(folder)).find(NAME)
    }
    expect((await start()).parameters).toEqual({ temperature: 0 })
    await writeFile(file, NEW)
    const upgraded = await start()
    expect(await readFile(upgraded.weightsPath ?? '')).toEqual(NEW)
    expect(upgraded.parameters).toEqual({ temperature: 0 })
    await installFixtures(folder, [{ from: 'tiny', as: NAME, parameters: { temperature: 1 } }])
    expect((await start()).parameters).toEqual({ temperature: 1 })
  })

  test('is left alone when the user has put something on top of it', async () => {
    const { folder, file, start } = await setting()
    await start()
    await installFixtures(folder, [{ from: 'tiny', as: NAME, system: 'mine' }])
    await writeFile(file, NEW)
    expect((await (await start()).find(NAME)).system).toBe('mine')
  })

  test('never takes the place of another model of that name, whatever its case', async () => {
    const { folder, start } = await setting()
    await installFixtures(folder, [{ from: 'msg', as: 'Snug-Tiny' }])
    const store = await start()
    expect((await store.list()).map((model) => model.shortName)).toEqual(['Snug-Tiny:latest'])
    expect(await readdir(folder)).not.toContain('snug.json')
  })

  test('does not touch a manifest of that name that cannot be read', async () => {
    const { folder, start } = await setting()
    await installFixtures(folder, [{ from: 'msg', as: NAME }])
    await writeFile(manifestPathOf(folder, NAME), '{')
    await start()
    expect(await readFile(manifestPathOf(folder, NAME), 'utf8')).toBe('{')
  })

  test('comes back whole when its weights were lost', async () => {
    const { start } = await setting()
    const { weightsPath = '' } = await (await start()).find(NAME)
    await rm(weightsPath)
    expect((await (await start()).find(NAME)).facts?.architecture).toBe('llama')
  })

  test('is remembered even if the first start ended before that was written down', async () => {
    const { folder, start, marker } = await setting()
    await start()
    await rm(join(folder, 'snug.json'))
    await (await start()).delete(NAME)
    expect(await marker()).toEqual({ bundled: { [NAME]: sha256(OLD) } })
    expect(await (await start()).list()).toEqual([])
  })

  test('is installed whole when several servers start at once', async () => {
    const { folder, start } = await setting()
    const stores = await Promise.all(Array.from({ length: 4 }, () => start()))
    for (const store of stores) {
      expect((await store.find(NAME)).facts?.architecture).toBe('llama')
      expect(await store.list()).toHaveLength(1)
    }
    expect((await readdir(folder)).sort()).toEqual(['blobs', 'manifests', 'snug.json'])
    expect(await readdir(join(folder, 'blobs'))).toHaveLength(3)
    expect(await readdir(join(folder, 'manifests'))).toEqual(['registry.ollama.ai'])
  })

  test('that is no GGUF file is refused and nothing is installed', async () => {
    const { folder, file, log } = await setting()
    await writeFile(file, 'not weights')
    await expect(installBundledModel({ folder, name: NAME, file, log })).rejects.toMatchObject({
      name: 'GgufError',
    })
    expect(await (await openStore(folder)).list()).toEqual([])
  })

  test('keeps what others have written into the marker file', async () => {
    const { folder, start, marker } = await setting()
    await openStore(folder)
    await writeFile(join(folder, 'snug.json'), '{"bundled":{"other":"1"},"later":true}')
    await start()
    expect(await marker()).toEqual({ bundled: { other: '1', [NAME]: sha256(OLD) }, later: true })
  })
})
