import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readGgufFile } from '../../../../engine/gguf/read.ts'
import { SMALL_LLAMA, SMALL_TENSORS } from '../../../helpers/fixture-models.ts'
import { tempFolder } from '../../../helpers/fixtures.ts'
import { array, writeGguf } from '../../../helpers/gguf.ts'
import { startHuggingFace } from '../../../helpers/hugging-face.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../../helpers/random-model.ts'
import { splitGguf } from '../../../helpers/split-gguf.ts'
import { askedBytes, finder } from './finder.ts'

const MIB = 2 ** 20

async function randomModel(weights: 'F16' | 'Q8_0') {
  const path = join(await tempFolder(), 'model.gguf')
  await writeRandomModel(path, SHAPE_SMALL, { weights })
  return path
}

const tensorBytes = async (path: string): Promise<number> =>
  (await readGgufFile(path)).tensors.reduce((sum, { bytes }) => sum + bytes, 0)

test('a repository is known by one header, and its other files by their sizes', async () => {
  const hub = await startHuggingFace()
  const paths = { F16: await randomModel('F16'), Q8_0: await randomModel('Q8_0') }
  for (const [type, path] of Object.entries(paths)) hub.add(`model-${type}.gguf`, await readFile(path))
  const { find } = await finder({ huggingFace: { endpoint: hub.origin } })
  const { model, offer } = await find('hf.co/u/R')
  expect(offer).toBeUndefined()
  expect(model.offers.map(({ name }) => name).sort()).toEqual(['hf.co/u/R:F16', 'hf.co/u/R:Q8_0'])
  for (const { fileType, weightBytes } of model.offers) {
    // A file's size counts what pads its header.
    expect(weightBytes / (await tensorBytes(paths[fileType as 'F16']))).toBeCloseTo(1, 4)
  }
  const read = hub.requests.filter(({ headers }) => headers.range !== undefined)
  expect(new Set(read.map(({ url }) => url)).size).toBe(1)
})

test('a tag says which file is meant, and all of a split one is read', async () => {
  const hub = await startHuggingFace()
  const folder = await tempFolder()
  const whole = await randomModel('F16')
  for (const path of await splitGguf(whole, { folder, prefix: 'model-F16', tensors: [3, 5] })) {
    hub.add(`F16/${path.slice(folder.length + 1)}`, await readFile(path))
  }
  hub.add('model-Q8_0.gguf', await readFile(await randomModel('Q8_0')))
  const { find } = await finder({ huggingFace: { endpoint: hub.origin } })
  const { model, offer } = await find('hf.co/u/R:f16')
  expect(offer).toBe('hf.co/u/R:F16')
  expect(model.offers[0]).toMatchObject({ fileType: 'F16', weightBytes: await tensorBytes(whole) })
  expect(model.offers).toHaveLength(2)
})

test('a file whose size is nothing that its name makes is left out, with a note', async () => {
  const hub = await startHuggingFace()
  hub.add('model-F16.gguf', await readFile(await randomModel('F16')))
  hub.add('model-Q2_K.gguf', Buffer.alloc(1000))
  const { find } = await finder({ huggingFace: { endpoint: hub.origin } })
  const { model, notes } = await find('hf.co/u/R:F16')
  expect(model.offers).toHaveLength(1)
  expect(notes).toEqual([expect.stringMatching(/^Left out, .*: Q2_K\.$/)])
})

test('a tag that is not there is refused with what there is', async () => {
  const hub = await startHuggingFace()
  hub.add('model-F16.gguf', await readFile(await randomModel('F16')))
  const { find } = await finder({ huggingFace: { endpoint: hub.origin } })
  const message = "model 'hf.co/u/R:Q4_K_M' not found: hf.co/u/R has F16"
  await expect(find('hf.co/u/R:Q4_K_M')).rejects.toThrow(message)
})

/** A model whose vocabulary takes so many bytes. */
const withVocabulary = (bytes: number): Buffer =>
  writeGguf({
    metadata: {
      ...SMALL_LLAMA,
      'tokenizer.ggml.merges': array('string', Array(bytes / 1024).fill('x'.repeat(1016))),
    },
    tensors: SMALL_TENSORS,
  })

test('a header of fifteen MiB is read, and never more than sixteen', async () => {
  const hub = await startHuggingFace()
  hub.add('model-Q4_0.gguf', withVocabulary(15 * MIB))
  const { find } = await finder({ huggingFace: { endpoint: hub.origin } })
  const { model } = await find('hf.co/u/R')
  expect(model.offers).toHaveLength(1)
  expect(askedBytes(hub.requests)).toBeLessThanOrEqual(16 * MIB)
})

test('a header without end is given up', async () => {
  const hub = await startHuggingFace()
  hub.add('model-Q4_0.gguf', withVocabulary(20 * MIB))
  const { find } = await finder({ huggingFace: { endpoint: hub.origin } })
  await expect(find('hf.co/u/R')).rejects.toThrow(
    '"hf.co/u/R" is no model that can be used: the header needs',
  )
  expect(askedBytes(hub.requests)).toBeLessThanOrEqual(16 * MIB)
})

test('a private repository is refused with what to do', async () => {
  const hub = await startHuggingFace({ token: 'hf_secret' })
  const { find } = await finder({ huggingFace: { endpoint: hub.origin } })
  await expect(find('hf.co/u/R')).rejects.toThrow(
    'hf.co/u/R is gated or private: accept its terms and set HF_TOKEN',
  )
})
