import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createPulls, type PullSources } from '../../../engine/registry/pull.ts'
import type { TransferEvent } from '../../../engine/registry/types.ts'
import { parseModelName } from '../../../engine/store/name.ts'
import type { ModelName } from '../../../engine/store/types.ts'
import { fixtureWeights, manifestPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { memoryBlob, SMALL } from '../../helpers/pull/memory-blob.ts'
import { openStore, recordingLog } from '../../helpers/store.ts'

const WEIGHTS = memoryBlob(fixtureWeights({}))
const MANIFEST = Buffer.from(
  JSON.stringify({
    layers: [{ mediaType: 'application/vnd.ollama.image.model', digest: WEIGHTS.digest, size: WEIGHTS.size }],
  }),
)

/** A registry that has one model, whatever it is called, and remembers who was asked for what. */
function oneModel(): PullSources & { asked: { host: string; insecure: boolean; name: ModelName }[] } {
  const asked: { host: string; insecure: boolean; name: ModelName }[] = []
  return {
    asked,
    open: (host, { insecure }) => ({
      manifest: async (name) => {
        asked.push({ host, insecure, name })
        return { bytes: MANIFEST }
      },
      blob: async () => WEIGHTS,
    }),
  }
}

async function puller() {
  const folder = await tempFolder()
  const models = await openStore(folder)
  const registries = oneModel()
  const pulls = createPulls({ models, registries, log: recordingLog(), tuning: SMALL })
  const pull = async (text: string) => {
    const name = parseModelName(text)
    if (!name) throw new Error(`${text} is no name`)
    const events: TransferEvent[] = []
    const { signal } = new AbortController()
    for await (const event of pulls.pull({ name, hasTag: false, insecure: false }, signal)) events.push(event)
    return events
  }
  return { folder, models, registries, pull }
}

test('ollama 158: a model of Hugging Face is asked for there and kept under its name', async () => {
  const { folder, registries, pull } = await puller()
  await pull('hf.co/u/R:Q4_K_M')
  const name = { host: 'hf.co', namespace: 'u', model: 'R', tag: 'Q4_K_M' }
  expect(registries.asked).toEqual([{ host: 'hf.co', insecure: false, name }])
  expect((await readFile(manifestPathOf(folder, 'hf.co/u/R:Q4_K_M'))).equals(MANIFEST)).toBe(true)
})

test('a model that is there under another spelling is not installed twice', async () => {
  const { models, registries, pull } = await puller()
  await pull('Tiny')
  await pull('tINY')
  expect((await models.list()).map(({ shortName }) => shortName)).toEqual(['Tiny:latest'])
  expect(registries.asked.at(-1)?.name.model).toBe('Tiny')
})

test('blobs are safe from removal while a pull that needs them is under way', async () => {
  const { folder, models, registries, pull } = await puller()
  await pull('first')
  const pulls = createPulls({ models, registries, log: recordingLog(), tuning: SMALL })
  const name = parseModelName('second')
  if (!name) throw new Error('no name')
  const events = pulls.pull({ name, hasTag: false, insecure: false }, new AbortController().signal)
  for await (const event of events) {
    // The blob is there already, so nothing is fetched: it must still be there when the manifest is written.
    if (event.type === 'progress') await models.delete('first')
  }
  expect((await models.find('second')).weightsPath).toContain(folder)
  expect(await models.hasBlob(WEIGHTS.digest)).toBe(true)
})
