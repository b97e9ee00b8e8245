import { expect, test } from 'vitest'
import { catalogModel } from '../../../../engine/fit/catalog/catalog.ts'
import { likelyHeaderBytes } from '../../../../engine/fit/file-size.ts'
import { sha256 } from '../../../helpers/registry/content.ts'
import { startRegistry } from '../../../helpers/registry/server.ts'
import { finder } from './finder.ts'

test('a name of the library is known without a file, with its tags and what publishers make', async () => {
  const { find } = await finder()
  const { model, siblings, offer, notes } = await find('deepseek-v3')
  expect(model.name).toBe('deepseek-v3:671b')
  expect(model.parameters).toBeGreaterThan(670e9)
  expect(model.activeParameters).toBeLessThan(38e9)
  const types = model.offers.map(({ fileType }) => fileType)
  expect(types).toEqual(expect.arrayContaining(['Q8_0', 'Q4_K_M', 'Q2_K', 'IQ2_XXS', 'IQ1_S']))
  expect(model.offers.find(({ fileType }) => fileType === 'Q4_K_M')).toMatchObject({
    name: 'deepseek-v3:671b-q4_K_M',
    source: 'library',
    isExact: false,
  })
  expect(siblings).toEqual([])
  expect(offer).toBeUndefined()
  expect(notes).toEqual([expect.stringContaining('as F16, Q8_0, Q4_K_M; the others are computed')])
})

test('below the floor by size there is no offer, unless it is asked for by name', async () => {
  const { find } = await finder()
  const types = async (fileType?: string) => {
    const { model } = await find('qwen3:8b', fileType === undefined ? {} : { fileType })
    return model.offers.map((offer) => offer.fileType)
  }
  expect(await types()).toContain('Q3_K_M')
  expect(await types()).not.toContain('IQ2_XXS')
  expect(await types('iq2_xxs')).toContain('IQ2_XXS')
})

test('a model that was trained in one type comes in no other', async () => {
  const { find } = await finder()
  const { model } = await find('gpt-oss:20b')
  expect(model.offers.map(({ fileType, isNative }) => [fileType, isNative])).toEqual([['MXFP4_MOE', true]])
})

test.each([
  ['llama3.1:405b', 'llama3.1:405b', undefined],
  ['Library/Qwen2.5:72B', 'qwen2.5:72b', undefined],
  ['registry.ollama.ai/library/qwen3:8b', 'qwen3:8b', undefined],
  ['qwen3:8b-q4_K_M', 'qwen3:8b', 'qwen3:8b-q4_K_M'],
])('%s is %s, with %s', async (text, name, offer) => {
  const { find } = await finder()
  expect(await find(text)).toMatchObject({ model: { name }, offer })
})

test.each([
  ['llama3.1', "model 'llama3.1' not found: name one of llama3.1:8b, llama3.1:70b, llama3.1:405b"],
  ['nobody-knows', "model 'nobody-knows' not found: it is not installed, and its network is not known here"],
  ['', 'invalid model name'],
  ['a b', 'invalid model name'],
  ['someone/qwen3:8b', "model 'someone/qwen3:8b' not found"],
])('"%s" is refused', async (text, message) => {
  const { find } = await finder()
  await expect(find(text)).rejects.toThrow(message)
})

test('where the registry answers, sizes are those of its files', async () => {
  const server = await startRegistry()
  const { find } = await finder({ mirrors: new Map([['registry.ollama.ai', server.origin]]) })
  const computed = await find('qwen3:8b')
  const weights = computed.model.offers.find(({ fileType }) => fileType === 'Q4_K_M')?.weightBytes ?? 0
  const { vocabularySize } = catalogModel('qwen3:8b')?.architecture ?? { vocabularySize: 0 }
  const layer = (kind: string, size: number) => ({
    mediaType: `application/vnd.ollama.image.${kind}`,
    digest: `sha256:${sha256(Buffer.from(kind))}`.replace('sha256:sha256:', 'sha256:'),
    size,
  })
  const size = Math.round(weights * 1.01 + likelyHeaderBytes(vocabularySize))
  const config = { ...layer('config', 10), mediaType: 'application/vnd.docker.container.image.v1+json' }
  const manifest = { schemaVersion: 2, config, layers: [layer('model', size)] }
  server.manifests.set('/v2/library/qwen3/manifests/8b-q4_K_M', Buffer.from(JSON.stringify(manifest)))
  const { model, notes } = await find('qwen3:8b', { isExact: true })
  const measured = model.offers.find(({ fileType }) => fileType === 'Q4_K_M')
  expect(measured?.isExact).toBe(true)
  expect((measured?.weightBytes ?? 0) / weights).toBeCloseTo(1.01, 6)
  expect(notes.at(-1)).toContain('The registry gives no size of F16')
})
