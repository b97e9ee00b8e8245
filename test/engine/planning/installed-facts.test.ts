import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { createFactsReader, createInstalledFacts } from '../../../engine/planning/installed-facts.ts'
import { factsFromHeader } from '../../../engine/planning/targets/from-header.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { type GgufValue, str, u32, writeGguf } from '../../helpers/gguf.ts'
import { installed } from '../../helpers/planning.ts'
import { metadataOf, SHAPE_SMALL, tensorsOf } from '../../helpers/random-model.ts'

function fileOf(change: Record<string, GgufValue> = {}, without: string[] = []): Buffer {
  const metadata = { ...metadataOf(SHAPE_SMALL), ...change }
  for (const key of without) delete metadata[key]
  return Buffer.from(writeGguf({ metadata, tensors: tensorsOf(SHAPE_SMALL) }))
}

async function modelIn(bytes: Buffer) {
  const weightsPath = join(await tempFolder(), 'weights.gguf')
  await writeFile(weightsPath, bytes)
  return { model: { ...installed('m'), weightsPath }, weightsPath }
}

test('names that share a file are each called by their own', async () => {
  const { model } = await modelIn(fileOf())
  const read = createFactsReader()
  const [one, two] = [await read(model, 'one'), await read(model, 'two')]
  expect([one.name, one.offers[0]?.name, two.name, two.offers[0]?.name]).toEqual(['one', 'one', 'two', 'two'])
  // Read once: what does not change is the same object.
  expect(two.hyperparameters).toBe(one.hyperparameters)
})

test('a file that has changed is read anew', async () => {
  const { model, weightsPath } = await modelIn(fileOf())
  const facts = createInstalledFacts()
  expect((await facts(model))?.contextLength).toBe(4096)
  await writeFile(weightsPath, fileOf({ 'llama.context_length': u32(2048) }))
  await utimes(weightsPath, 1, 1)
  expect((await facts(model))?.contextLength).toBe(2048)
})

test('a model that says too little is nothing to plan with, and people are told why', async () => {
  const { model } = await modelIn(fileOf({}, ['llama.block_count']))
  expect(await createInstalledFacts()(model)).toBeUndefined()
  await expect(createFactsReader()(model, 'odd')).rejects.toThrow('whether "odd" fits cannot be computed')
})

test('a model that does not say how long its context may be gets what everybody gets', async () => {
  const { model } = await modelIn(fileOf({}, ['llama.context_length']))
  expect((await createInstalledFacts()(model))?.contextLength).toBe(4096)
})

test.each(['gpt-oss', 'gptoss'])('%s is trained in MXFP4', (architecture) => {
  const own = metadataOf(SHAPE_SMALL)
  const renamed = Object.fromEntries(
    Object.entries(own).map(([key, value]) => [key.replace(/^llama\./, `${architecture}.`), value]),
  )
  const header = parseGguf(
    writeGguf({
      metadata: { ...renamed, 'general.architecture': str(architecture), 'general.file_type': u32(38) },
      tensors: tensorsOf(SHAPE_SMALL),
      headerOnly: true,
    }),
  )
  const { offers } = factsFromHeader(header, { name: 'm', source: 'installed' })
  expect(offers).toMatchObject([{ fileType: 'MXFP4_MOE', isNative: true }])
})
