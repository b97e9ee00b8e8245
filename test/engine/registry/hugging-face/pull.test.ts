import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { readGgufFile } from '../../../../engine/gguf/read.ts'
import { layersOf } from '../../../../engine/store/manifest.ts'
import { fixtureWeights, manifestPathOf } from '../../../helpers/fixtures.ts'
import { bool, str, writeGguf } from '../../../helpers/gguf.ts'
import { startHuggingFace, type TestHub } from '../../../helpers/hugging-face.ts'
import { bytesContent } from '../../../helpers/registry/content.ts'
import { startRegistry } from '../../../helpers/registry/server.ts'
import { blobNames } from '../../../helpers/store.ts'
import { pathsOf, puller, splitModel } from './puller.ts'

const LIST = '/api/models/u/R/tree/main?recursive=true'
const WEIGHTS = fixtureWeights({})
const PROJECTOR = writeGguf({
  metadata: {
    'general.architecture': str('clip'),
    'general.type': str('mmproj'),
    'clip.has_vision_encoder': bool(true),
  },
})

/** Adds a file, and the manifest with which the protocol of registries gives it. */
function publish(hub: TestHub, tag: string, weights = WEIGHTS): Buffer {
  const { digest, size } = hub.add(`R-${tag}.gguf`, weights)
  const layers = [{ mediaType: 'application/vnd.ollama.image.model', digest, size }]
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, layers }, null, 1))
  hub.publish(tag, manifest, [bytesContent(weights)])
  return manifest
}

async function addParts(hub: TestHub, folder = '') {
  const parts = await splitModel()
  for (const [name, bytes] of parts) hub.add(`${folder}${name}`, bytes)
  return parts
}

describe('a model of Hugging Face', () => {
  test('ollama 158: is asked for by its tag first, and kept under its name byte for byte', async () => {
    const hub = await startHuggingFace()
    const manifest = publish(hub, 'Q4_K_M')
    const { folder, pull } = await puller(hub)
    await pull('hf.co/u/R:Q4_K_M')
    expect(pathsOf(hub)[0]).toBe('/v2/u/R/manifests/Q4_K_M')
    expect(pathsOf(hub)).not.toContain(LIST)
    expect((await readFile(manifestPathOf(folder, 'hf.co/u/R:Q4_K_M'))).equals(manifest)).toBe(true)
  })

  test('is pulled as Q4_K_M when no quantization is named, and says so', async () => {
    const hub = await startHuggingFace()
    publish(hub, 'Q8_0')
    const manifest = publish(hub, 'Q4_K_M')
    const { folder, models, pull } = await puller(hub)
    expect((await pull('huggingface.co/u/R')).slice(0, 2)).toEqual([
      'pulling manifest',
      'no quantization named: pulling Q4_K_M',
    ])
    expect(pathsOf(hub).slice(0, 2)).toEqual([LIST, '/v2/u/R/manifests/Q4_K_M'])
    const stored = await readFile(manifestPathOf(folder, 'huggingface.co/u/R:latest'))
    expect(stored.equals(manifest)).toBe(true)
    expect((await models.find('huggingface.co/u/R')).shortName).toBe('huggingface.co/u/R:latest')
  })

  test('is chosen from all pages of the list, and pages elsewhere are not asked for', async () => {
    const hub = await startHuggingFace({ pageFiles: 2 })
    for (const name of ['a.txt', 'b.txt', 'c.txt']) hub.add(name, name)
    publish(hub, 'Q5_K_M')
    publish(hub, 'Q4_K_M')
    const { pull } = await puller(hub)
    expect(await pull('hf.co/u/R')).toContain('no quantization named: pulling Q4_K_M')
    expect(pathsOf(hub).filter((path) => path.includes('/tree/'))).toHaveLength(3)
  })

  test('that has no such quantization ends in an error with those that there are', async () => {
    const hub = await startHuggingFace()
    publish(hub, 'Q8_0')
    publish(hub, 'Q4_K_M')
    const { pull } = await puller(hub)
    await expect(pull('hf.co/u/R:Q2_K')).rejects.toThrow(
      /^pull model manifest: 400: .*; hf\.co\/u\/R has Q4_K_M, Q8_0$/,
    )
  })

  test('without GGUF files ends in an error that says so', async () => {
    const hub = await startHuggingFace()
    hub.add('model.safetensors', 'x')
    const { pull } = await puller(hub)
    await expect(pull('hf.co/u/R')).rejects.toThrow('pull model manifest: hf.co/u/R has no GGUF model')
  })
})

describe('a split model', () => {
  test('becomes one file that runs like the whole, whatever the case of the tag, and its parts go', async () => {
    const hub = await startHuggingFace()
    const parts = await addParts(hub, 'Q8_0/')
    const { folder, models, pull } = await puller(hub)
    const steps = await pull('hf.co/u/R:q8_0')
    expect(pathsOf(hub).slice(0, 2)).toEqual(['/v2/u/R/manifests/q8_0', LIST])
    expect(steps.filter((text) => text.startsWith('pulling '))).toHaveLength(1 + parts.size)
    expect(steps.slice(-2)).toEqual(['writing manifest', 'success'])
    const model = await models.find('hf.co/u/R:Q8_0')
    expect(model.facts?.architecture).toBe('llama')
    const whole = await readGgufFile(model.weightsPath ?? '')
    expect(Array.from(whole.metadata.keys()).some((key) => key.startsWith('split.'))).toBe(false)
    const used = ['config', 'model']
    expect(await blobNames(folder)).toHaveLength(used.length)
  })

  test('is not fetched again when nothing has changed', async () => {
    const hub = await startHuggingFace()
    await addParts(hub)
    const { pull } = await puller(hub)
    await pull('hf.co/u/R:Q8_0')
    hub.requests.length = 0
    expect((await pull('hf.co/u/R:Q8_0')).at(-1)).toBe('success')
    expect(pathsOf(hub)).toEqual(['/v2/u/R/manifests/Q8_0', LIST])
  })

  test('comes with its projector, and with template, system text and parameters of the repository', async () => {
    const hub = await startHuggingFace()
    await addParts(hub, 'Q8_0/')
    const projector = hub.add('mmproj-F16.gguf', PROJECTOR)
    hub.add('template', '{{ .System }} {{ .Prompt }}')
    hub.add('system', 'Be kind.')
    hub.add('params', '{"temperature":0.2,"stop":["<end>"]}')
    const { models, pull } = await puller(hub)
    await pull('hf.co/u/R:Q8_0')
    const model = await models.find('hf.co/u/R:Q8_0')
    expect(model.goTemplate).toBe('{{ .System }} {{ .Prompt }}')
    expect(model.system).toBe('Be kind.')
    expect(model.parameters).toEqual({ temperature: 0.2, stop: ['<end>'] })
    const stored = await models.manifest(model.name)
    if (!stored) throw new Error('no manifest')
    expect(layersOf(stored.manifest, 'projector').map(({ digest }) => digest)).toEqual([projector.digest])
  })

  test('with a part that is not what the list says is not installed, nor is that part kept', async () => {
    const hub = await startHuggingFace()
    const parts = await addParts(hub)
    const [[name, bytes] = ['', Buffer.alloc(0)]] = parts
    const wrong = Buffer.from(bytes)
    wrong.writeUInt8(wrong.readUInt8(wrong.length - 1) ^ 1, wrong.length - 1)
    hub.replace(name, wrong)
    const { folder, models, pull } = await puller(hub)
    await expect(pull('hf.co/u/R:Q8_0')).rejects.toThrow(
      /^digest mismatch, file must be downloaded again: want sha256:/,
    )
    expect(await models.list()).toEqual([])
    const { digest } = bytesContent(bytes)
    expect(await blobNames(folder)).not.toContain(digest.replace(':', '-'))
  })

  test('with a part of another size than the list says is refused', async () => {
    const hub = await startHuggingFace()
    const [[name, bytes] = ['', Buffer.alloc(0)]] = await addParts(hub)
    hub.replace(name, bytes.subarray(1))
    const { pull } = await puller(hub)
    await expect(pull('hf.co/u/R:Q8_0')).rejects.toThrow(`has ${bytes.length - 1} bytes`)
  })

  test('whose file called projector is another kind of file is refused', async () => {
    const hub = await startHuggingFace()
    await addParts(hub)
    hub.add('mmproj-F16.gguf', WEIGHTS)
    const { models, pull } = await puller(hub)
    await expect(pull('hf.co/u/R:Q8_0')).rejects.toThrow('"mmproj-F16.gguf" is no projector that can be used')
    expect(await models.list()).toEqual([])
  })
})

describe('the token', () => {
  test('opens a private repository, and is not shown to the storage that has its files', async () => {
    const storage = await startRegistry({ address: '127.0.0.2' })
    const hub = await startHuggingFace({ token: 'hf_secret', storage: storage.origin })
    const parts = await addParts(hub)
    for (const bytes of parts.values()) storage.blobs.set(bytesContent(bytes).digest, bytesContent(bytes))
    const { models, pull } = await puller(hub, { token: 'hf_secret' })
    await pull('hf.co/u/R')
    expect((await models.find('hf.co/u/R')).facts?.architecture).toBe('llama')
    expect(storage.requests.length).toBeGreaterThanOrEqual(parts.size)
    for (const { headers } of storage.requests) expect(headers.authorization).toBeUndefined()
    for (const { headers } of hub.requests) expect(headers.authorization).toBe('Bearer hf_secret')
  })

  test('is enough where only the list of files takes it', async () => {
    const hub = await startHuggingFace({ token: 'hf_secret', registryTakesNoToken: true })
    publish(hub, 'Q4_K_M')
    const { models, pull } = await puller(hub, { token: 'hf_secret' })
    await pull('hf.co/u/R:Q4_K_M')
    expect((await models.find('hf.co/u/R:Q4_K_M')).facts?.architecture).toBe('llama')
  })

  test.each([
    ['private repository', 'all', 'hf.co/u/R:Q8_0'],
    ['private repository without a tag', 'all', 'hf.co/u/R'],
    ['gated repository', 'content', 'hf.co/u/R:Q8_0'],
    ['gated repository without a tag', 'content', 'hf.co/u/R'],
  ] as const)('is asked for by a %s', async (_, guards, name) => {
    const hub = await startHuggingFace({ token: 'hf_secret', guards })
    await addParts(hub)
    await expect((await puller(hub)).pull(name)).rejects.toThrow(
      'pull model manifest: hf.co/u/R is gated or private: accept its terms and set HF_TOKEN',
    )
    await expect((await puller(hub, { token: 'hf_other' })).pull(name)).rejects.toThrow(
      'hf.co/u/R is gated or private: accept its terms with the account of HF_TOKEN, or set another token',
    )
  })
})

describe('a list of files that cannot be trusted', () => {
  const lfs = { oid: 'a'.repeat(64), size: 1 }
  const file = (path: string, more = {}) => ({
    type: 'file',
    path,
    size: 1,
    oid: 'b'.repeat(40),
    lfs,
    ...more,
  })
  test.each([
    ['that is no list', '{"error":"x"}', 'is none'],
    ['that is no JSON', '[', 'is none'],
    ['with a path that leads up', [file('../a-Q4_0.gguf')], 'names a file in a way that is not safe'],
    ['with a path from the root', [file('/a-Q4_0.gguf')], 'not safe'],
    ['with a backslash', [file('..\\a-Q4_0.gguf')], 'not safe'],
    ['with a line end', [file('a\n-Q4_0.gguf')], 'not safe'],
    ['with half a letter', [file('\ud800-Q4_0.gguf')], 'not safe'],
    ['with two sizes', [file('a-Q4_0.gguf', { size: 2 })], 'gives a file two sizes'],
    ['with a size that is none', [file('a-Q4_0.gguf', { size: -1 })], 'is none'],
    ['with an absurd size', [file('a-Q4_0.gguf', { size: 2 ** 60 })], 'is none'],
    ['with a hash that is none', [file('a-Q4_0.gguf', { lfs: { oid: '../x', size: 1 } })], 'is none'],
    ['with too many files', Array.from({ length: 10_001 }, (_, n) => file(`${n}`)), 'is none'],
    ['without a SHA-256', [file('a-Q4_0.gguf', { lfs: null })], 'gives no SHA-256 of "a-Q4_0.gguf"'],
  ])('%s is refused', async (_, list, message) => {
    const hub = await startHuggingFace()
    hub.list = typeof list === 'string' ? list : JSON.stringify(list)
    await expect((await puller(hub)).pull('hf.co/u/R')).rejects.toThrow(message)
  })

  test('with more models than anybody has is refused', async () => {
    const hub = await startHuggingFace()
    hub.list = JSON.stringify(Array.from({ length: 5001 }, (_, n) => file(`${n}-Q4_0.gguf`)))
    await expect((await puller(hub)).pull('hf.co/u/R')).rejects.toThrow('has more than 5000 models')
  })

  test('with names that are hard to search does not take long', async () => {
    const hub = await startHuggingFace()
    hub.list = JSON.stringify(Array.from({ length: 900 }, (_, n) => file(`${n}${'_Q4'.repeat(1300)}!.gguf`)))
    const start = performance.now()
    await expect((await puller(hub)).pull('hf.co/u/R')).rejects.toThrow('hf.co/u/R has ')
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  test('that never ends is given up', async () => {
    const hub = await startHuggingFace({ pageFiles: 1 })
    for (let n = 0; n < 40; n++) hub.add(`${n}.txt`, 'x')
    await expect((await puller(hub)).pull('hf.co/u/R')).rejects.toThrow('has more than 32 pages')
  })
})
