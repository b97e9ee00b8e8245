import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Backend } from '../../../engine/backend.ts'
import { createModels } from '../../../engine/create/create.ts'
import { type CreateParts, type CreateRequest, EMPTY_REQUEST } from '../../../engine/create/types.ts'
import { EngineError } from '../../../engine/errors.ts'
import type { TransferEvent } from '../../../engine/registry/types.ts'
import { createEmbeddedBackend } from '../../../engine/runner/embedded.ts'
import type { ModelStore } from '../../../engine/store/types.ts'
import { FIXTURE_MODELS } from '../../helpers/fixture-models.ts'
import { fixtureWeights, installFixtures, tempFolder } from '../../helpers/fixtures.ts'
import { str, u32, writeGguf } from '../../helpers/gguf.ts'
import { modelContents, randomWeights, TINY } from '../../helpers/hf-model.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { splitGguf } from '../../helpers/split-gguf.ts'
import { blobNames, openStore, recordingLog } from '../../helpers/store.ts'

const never = new AbortController().signal

/** A store, and a maker of models for it with what a test says it stands on. */
async function maker(parts: Partial<CreateParts> = {}) {
  const folder = await tempFolder()
  await installFixtures(folder, ['tiny'])
  const models = await openStore(folder)
  const create = createModels({ models, ...parts })
  return {
    folder,
    models,
    put: async (content: Uint8Array | string) => (await models.putBlob([Buffer.from(content)])).digest,
    create: (request: Partial<CreateRequest>, signal = never) =>
      read(create({ ...EMPTY_REQUEST, name: 'new', ...request }, signal)),
  }
}

/** What is said, without repetitions. */
async function read(events: AsyncIterable<TransferEvent>): Promise<string[]> {
  const texts: string[] = []
  for await (const { text } of events) if (text !== texts.at(-1)) texts.push(text)
  return texts
}

const withoutDigests = (texts: readonly string[]) => texts.map((text) => text.replace(/ sha256:.*/, ''))

async function f16Model(folder: string) {
  const path = join(folder, 'f16.gguf')
  await writeRandomModel(path, SHAPE_SMALL, { weights: 'F16' })
  return path
}

describe('quantizing while a model is made', () => {
  test('stores smaller weights that run, and tells how far it has come', async () => {
    const backend = createEmbeddedBackend({ threads: 1, log: recordingLog() })
    onTestFinished(() => backend.close())
    const { models, put, create, folder } = await maker({ quantize: backend.quantize })
    const path = await f16Model(folder)
    const files = { 'f16.gguf': await put(await readFile(path)) }
    expect(withoutDigests(await create({ files, quantize: 'q8_0' }))).toEqual([
      'parsing GGUF',
      'quantizing F16 model to Q8_0',
      'verifying conversion',
      'creating new layer',
      'writing manifest',
      'success',
    ])
    const model = await models.find('new')
    expect(model.config.quantizationLevel).toBe('Q8_0')
    expect(model.layers[0]?.size).toBeLessThan((await readFile(path)).length * 0.7)
    expect((await blobNames(folder)).filter((name) => name.startsWith('tmp-'))).toEqual([])
  })

  test('reports bytes of the source, from none to all', async () => {
    const quantize: Backend['quantize'] = async ({ to }, _signal, onProgress) => {
      for (const fraction of [0.25, 1]) {
        // Of events that nobody has read yet only the last one is kept.
        await new Promise(setImmediate)
        onProgress(fraction)
      }
      const bytes = fixtureWeights(FIXTURE_MODELS.msg)
      await writeFile(to, bytes)
      return { bytes: bytes.length }
    }
    const { put, models } = await maker()
    const source = fixtureWeights({ metadata: { 'general.file_type': u32(1) } })
    const digest = await put(source)
    const events: TransferEvent[] = []
    const request = { ...EMPTY_REQUEST, name: 'new', files: { 'a.gguf': digest }, quantize: 'Q4_K' }
    for await (const event of createModels({ models, quantize })(request, never)) events.push(event)
    const progress = events.filter((event) => event.type === 'progress')
    const text = 'quantizing F16 model to Q4_K_M'
    const total = source.length
    expect(progress).toEqual(
      [0, Math.floor(total / 4), total].map((completed) => ({
        type: 'progress',
        text,
        digest,
        total,
        completed,
      })),
    )
  })

  test('into the type it has already does nothing', async () => {
    const { put, create } = await maker()
    const files = { 'a.gguf': await put(fixtureWeights({ metadata: { 'general.file_type': u32(1) } })) }
    expect(withoutDigests(await create({ files, quantize: 'f16' }))).toEqual([
      'parsing GGUF',
      'using existing layer',
      'writing manifest',
      'success',
    ])
  })

  test('stops when it is given up, and leaves neither model nor file', async () => {
    const giveUp = new AbortController()
    const quantize: Backend['quantize'] = (_job, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new EngineError('cancelled', 'request canceled')))
        giveUp.abort()
      })
    const { put, create, models, folder } = await maker({ quantize })
    const files = { 'a.gguf': await put(fixtureWeights({ metadata: { 'general.file_type': u32(0) } })) }
    const before = await blobNames(folder)
    await expect(create({ files, quantize: 'q8_0' }, giveUp.signal)).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(await blobNames(folder)).toEqual(before)
    await expect(models.find('new')).rejects.toMatchObject({ code: 'model_not_found' })
  })

  test('is stopped when nobody reads on', async () => {
    let stopped = false
    const quantize: Backend['quantize'] = (_job, signal, onProgress) =>
      new Promise((_resolve, reject) => {
        onProgress(0.5)
        signal.addEventListener('abort', () => {
          stopped = true
          reject(new EngineError('cancelled', 'request canceled'))
        })
      })
    const { put, models } = await maker()
    const files = { 'a.gguf': await put(fixtureWeights({ metadata: { 'general.file_type': u32(1) } })) }
    const create = createModels({ models, quantize })
    for await (const event of create({ ...EMPTY_REQUEST, name: 'new', files, quantize: 'q8_0' }, never)) {
      if (event.type === 'progress') break
    }
    expect(stopped).toBe(true)
  })

  test('a draft that is quantized already is refused', async () => {
    const { put, create } = await maker()
    const draftFiles = { 'a.gguf': await put(fixtureWeights(FIXTURE_MODELS.tiny)) }
    await expect(create({ from: 'tiny', draftFiles, draftQuantize: 'q8_0' })).rejects.toMatchObject({
      code: 'quantize_failed',
      message: 'draft quantization requires an unquantized draft model, got Q4_0',
    })
  })
})

describe('a split model', () => {
  async function parts(change: Parameters<typeof splitGguf>[1]['change'] = () => ({})) {
    const made = await maker()
    const path = await f16Model(made.folder)
    const paths = await splitGguf(path, { folder: made.folder, tensors: [3, 5], change })
    const files: Record<string, string> = {}
    for (const part of paths) files[`sub/${part.split('/').at(-1)}`] = await made.put(await readFile(part))
    return { ...made, path, files }
  }

  test('becomes one file with the same tensors', async () => {
    const { create, models, files } = await parts()
    expect(withoutDigests(await create({ files }))).toEqual([
      'parsing GGUF',
      'validating GGUF model',
      'creating new layer',
      'writing manifest',
      'success',
    ])
    const model = await models.find('new')
    expect(model.layers).toHaveLength(1)
    const whole = await models.find('new').then((found) => models.details(found, false))
    expect(whole.metadata.some(([key]) => key.startsWith('split.'))).toBe(false)
    expect(whole.tensors.length).toBeGreaterThan(8)
  })

  test('with a part missing is refused, and nothing stays', async () => {
    const { create, files, folder } = await parts()
    const { 'sub/model-00002-of-00003.gguf': _, ...rest } = files
    const before = await blobNames(folder)
    await expect(create({ files: rest })).rejects.toMatchObject({
      code: 'create_failed',
      message: expect.stringContaining('2 of 3'),
    })
    expect(await blobNames(folder)).toEqual(before)
  })

  test('under another name is refused', async () => {
    const { create, files } = await parts()
    const [digest = ''] = Object.values(files)
    await expect(create({ files: { 'a.gguf': digest } })).rejects.toMatchObject({
      message: 'split GGUF "a.gguf" must use llama.cpp split filename pattern',
    })
  })
})

describe('a model in safetensors', () => {
  test('is converted, and may be quantized on the way', async () => {
    const backend = createEmbeddedBackend({ threads: 1, log: recordingLog() })
    onTestFinished(() => backend.close())
    const { create, put, models, folder } = await maker({ quantize: backend.quantize })
    const files: Record<string, string> = {}
    for (const [name, content] of Object.entries(modelContents(TINY, randomWeights(TINY)))) {
      const bytes = Buffer.isBuffer(content) ? content : JSON.stringify(content)
      files[name] = await put(bytes)
    }
    expect(withoutDigests(await create({ files, quantize: 'f16' }))).toEqual([
      'converting model',
      'quantizing F32 model to F16',
      'verifying conversion',
      'creating new layer',
      'writing manifest',
      'success',
    ])
    expect((await models.find('new')).config).toMatchObject({
      modelFamily: 'llama',
      quantizationLevel: 'F16',
    })
    expect((await blobNames(folder)).filter((name) => name.startsWith('tmp-'))).toEqual([])
  })

  test('without its config is refused in words that say what is missing', async () => {
    const { create, put } = await maker()
    const files = { 'model.safetensors': await put('x') }
    await expect(create({ files })).rejects.toMatchObject({
      code: 'convert_failed',
      message: expect.stringContaining('config.json'),
    })
  })

  test('is no adapter', async () => {
    const { create, put } = await maker()
    const adapters = { 'adapter_model.safetensors': await put('x') }
    await expect(create({ from: 'tiny', adapters })).rejects.toMatchObject({ code: 'convert_failed' })
  })
})

describe('a base that is not installed', () => {
  const pulling = (models: () => ModelStore): CreateParts['pull'] =>
    async function* ({ name }) {
      yield { type: 'status', text: 'pulling manifest' }
      await models().copy('tiny', `${name.model}:${name.tag}`)
      yield { type: 'status', text: 'success' }
    }

  test('is pulled first, and only the end is called success', async () => {
    let store: ModelStore | undefined
    const { create, models } = await maker({
      pull: pulling(() => {
        if (store === undefined) throw new Error('too early')
        return store
      }),
    })
    store = models
    const texts = withoutDigests(await create({ from: 'far:1b', system: 'X' }))
    expect(texts[0]).toBe('pulling manifest')
    expect(texts.filter((text) => text === 'success')).toHaveLength(1)
    expect((await models.find('new')).parentModel).toBe('far:1b')
  })

  test('is not made when the pull fails', async () => {
    const { create, models } = await maker({
      pull: async function* () {
        yield { type: 'status', text: 'pulling manifest' }
        throw new EngineError('load_failed', 'pull model manifest: file does not exist')
      },
    })
    await expect(create({ from: 'far' })).rejects.toThrow('pull model manifest: file does not exist')
    await expect(models.find('new')).rejects.toThrow('not found')
  })
})

test.each([
  ['gemma4', { renderer: 'gemma4', parser: 'gemma4' }, { stop: ['<turn|>'] }],
  ['laguna', { renderer: 'laguna', parser: 'laguna' }, {}],
  ['nemotron_h', { renderer: 'nemotron-3-nano', parser: 'nemotron-3-nano' }, {}],
  ['llama', { renderer: '', parser: '' }, {}],
])('weights of %s bring their format along', async (architecture, config, parameters) => {
  const { create, put, models } = await maker()
  const files = {
    'a.gguf': await put(writeGguf({ metadata: { 'general.architecture': str(architecture) } })),
  }
  await create({ files })
  expect(await models.find('new')).toMatchObject({ config, parameters })
  await create({ name: 'given', files, renderer: 'mine', parser: 'mine' })
  expect((await models.find('given')).config).toMatchObject({ renderer: 'mine', parser: 'mine' })
})

test('models of one name made at the same time leave one that is whole', async () => {
  const { create, models } = await maker()
  const systems = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  await Promise.all(systems.map((system) => create({ from: 'tiny', system })))
  expect(systems).toContain((await models.find('new')).system)
  expect(await models.list()).toHaveLength(2)
})
