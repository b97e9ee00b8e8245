import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openModelStore } from '../../../engine/store/models.ts'
import { blobPathOf, installFixtures, manifestPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { blobNames, makeOld, openStore, recordingLog } from '../../helpers/store.ts'

const HEX = 'ab'.repeat(32)

/** A folder with one model and leftovers of every kind, all of them two hours old. */
async function untidyFolder() {
  const folder = await tempFolder()
  const { tiny } = await installFixtures(folder, ['tiny'])
  const used = await blobNames(folder)
  const leftovers = [`sha256-${HEX}`, `sha256-${HEX}-partial`, `sha256-${HEX}-partial-0`, 'tmp-1', 'junk']
  for (const name of leftovers) await writeFile(join(folder, 'blobs', name), 'x')
  for (const name of await blobNames(folder)) await makeOld(join(folder, 'blobs', name))
  return { folder, used, leftovers, tiny }
}

describe('opening a models folder', () => {
  test('removes old files that no model uses, and says how much that was', async () => {
    const { folder, used, leftovers } = await untidyFolder()
    const log = recordingLog()
    const store = await openModelStore({ folder, log, noPrune: false })
    expect(await blobNames(folder)).toEqual(used)
    expect(log.lines).toEqual([
      { message: 'unused blobs removed', details: { files: leftovers.length, bytes: leftovers.length } },
    ])
    expect((await store.find('tiny')).facts?.architecture).toBe('llama')
  })

  test('keeps young files: a download may be going on', async () => {
    const folder = await tempFolder()
    await mkdir(join(folder, 'blobs'))
    await writeFile(join(folder, 'blobs', `sha256-${HEX}-partial`), 'x')
    await openStore(folder)
    expect(await blobNames(folder)).toEqual([`sha256-${HEX}-partial`])
  })

  test('keeps everything when pruning is off', async () => {
    const { folder, used, leftovers } = await untidyFolder()
    await openStore(folder, true)
    expect(await blobNames(folder)).toEqual([...used, ...leftovers].sort())
  })

  test.each([
    ['is damaged', 'broken', '{'],
    ['has a name that is none', '-x', '{}'],
  ])('keeps everything while a manifest %s', async (_, name, content) => {
    const { folder, used, leftovers } = await untidyFolder()
    await mkdir(dirname(manifestPathOf(folder, name)), { recursive: true })
    await writeFile(manifestPathOf(folder, name), content)
    const log = recordingLog()
    await openModelStore({ folder, log, noPrune: false })
    expect(await blobNames(folder)).toEqual([...used, ...leftovers].sort())
    expect(log.lines).toEqual([
      {
        message: 'unused blobs are kept because a manifest cannot be read',
        details: { paths: [manifestPathOf(folder, name)] },
      },
    ])
  })

  test('gives blobs of very old versions their present name', async () => {
    const folder = await tempFolder()
    const { tiny } = await installFixtures(folder, ['tiny'])
    for (const { digest } of tiny?.manifest.layers ?? []) {
      await rename(blobPathOf(folder, digest), join(folder, 'blobs', digest))
    }
    const store = await openStore(folder)
    expect((await store.find('tiny')).facts?.architecture).toBe('llama')
    expect((await blobNames(folder)).every((name) => name.startsWith('sha256-'))).toBe(true)
  })

  test('removes empty folders of manifests and unfinished ones', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['tiny'])
    for (const path of ['h/n/m', 'registry.ollama.ai/library/gone', 'registry.ollama.ai/u']) {
      await mkdir(join(folder, 'manifests', path), { recursive: true })
    }
    await writeFile(join(folder, 'manifests', '.tmp-old'), '{')
    await makeOld(join(folder, 'manifests', '.tmp-old'))
    await writeFile(join(folder, 'manifests', '.tmp-young'), '{')
    await openStore(folder)
    expect((await readdir(join(folder, 'manifests'))).sort()).toEqual(['.tmp-young', 'registry.ollama.ai'])
    expect(await readdir(join(folder, 'manifests/registry.ollama.ai'))).toEqual(['library'])
    expect(await readdir(join(folder, 'manifests/registry.ollama.ai/library'))).toEqual(['tiny'])
  })

  test.skipIf(process.getuid?.() === 0)('that may only be read serves what is there', async () => {
    const { folder } = await untidyFolder()
    await chmod(join(folder, 'blobs'), 0o555)
    try {
      const log = recordingLog()
      const store = await openModelStore({ folder, log, noPrune: false })
      expect((await store.list()).map((model) => model.shortName)).toEqual(['tiny:latest'])
      expect(log.lines.map(({ message }) => message)).toEqual(['models folder cannot be changed'])
    } finally {
      await chmod(join(folder, 'blobs'), 0o755)
    }
  })

  test('fails when the folder cannot be made', async () => {
    const folder = await tempFolder()
    await writeFile(join(folder, 'file'), '')
    await expect(openStore(join(folder, 'file', 'models'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    expect(existsSync(join(folder, 'file', 'models'))).toBe(false)
  })
})
