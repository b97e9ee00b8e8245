import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readGgufFile } from '../../../../engine/gguf/read.ts'
import { installFixtures } from '../../../helpers/fixtures.ts'
import { str, u32 } from '../../../helpers/gguf.ts'
import { finder } from './finder.ts'

test('an installed model is what its header says, and its name says which quantization', async () => {
  const { folder, find } = await finder()
  const { tiny } = await installFixtures(folder, ['tiny'])
  const { tensors } = await readGgufFile(tiny?.weightsPath ?? '')
  const { model, offer, siblings, notes } = await find('tiny')
  expect(model).toMatchObject({ name: 'tiny:latest', contextLength: 8192 })
  expect(model.offers).toMatchObject([
    {
      name: 'tiny:latest',
      fileType: 'Q4_0',
      source: 'installed',
      weightBytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
      isExact: true,
    },
  ])
  expect({ offer, siblings, notes }).toEqual({ offer: 'tiny:latest', siblings: [], notes: [] })
})

test('other installed quantizations of the same network are offers too, other networks and names are not', async () => {
  const { folder, find } = await finder()
  await installFixtures(folder, [
    { from: 'tiny', as: 'family:q4' },
    { from: 'tiny', as: 'family:q8', metadata: { 'general.file_type': u32(7) } },
    { from: 'tiny', as: 'family:copy' },
    { from: 'tiny', as: 'family:wide', metadata: { 'llama.embedding_length': u32(64) } },
    { from: 'tiny', as: 'stranger:q8', metadata: { 'general.file_type': u32(18) } },
  ])
  const { model, offer } = await find('FAMILY:q4')
  expect(offer).toBe('family:q4')
  expect(model.offers.map(({ name, fileType }) => `${name} ${fileType}`)).toEqual([
    'family:q4 Q4_0',
    'family:q8 Q8_0',
  ])
})

test('one whose file has gone meanwhile is no offer, and no reason to say nothing', async () => {
  const { folder, find } = await finder()
  const installed = await installFixtures(folder, [
    { from: 'tiny', as: 'family:q4' },
    { from: 'tiny', as: 'family:q8', metadata: { 'general.file_type': u32(7) } },
  ])
  expect((await find('family:q4')).model.offers).toHaveLength(2)
  await rm(installed['family:q8']?.weightsPath ?? '')
  expect((await find('family:q4')).model.offers).toHaveLength(1)
})

test('what is not counted is said', async () => {
  const { folder, find } = await finder()
  await installFixtures(folder, [{ from: 'img', projector: { 'general.architecture': str('clip') } }])
  expect((await find('img')).notes).toEqual(['Not counted: the projector for images or sound.'])
})

test('a file that does not say its type has the one of most of its bytes', async () => {
  const { folder, find } = await finder()
  await installFixtures(folder, [
    { from: 'tiny', as: 'silent', metadata: { 'general.file_type': undefined } },
  ])
  const { model } = await find('silent')
  expect(model.offers.map(({ fileType }) => fileType)).toEqual(['Q4_0'])
})
