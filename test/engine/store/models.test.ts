import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openModelStore } from '../../../engine/store/models.ts'
import type { InstalledModel } from '../../../engine/store/types.ts'
import { T1 } from '../../helpers/fixture-models.ts'
import { blobPathOf, installFixtures, manifestPathOf, tempFolder } from '../../helpers/fixtures.ts'
import { openStore, recordingLog } from '../../helpers/store.ts'

const names = (models: InstalledModel[]) => models.map((model) => model.shortName)

describe('the list of models', () => {
  test('ollama 113: is empty in a folder that does not exist yet', async () => {
    const folder = join(await tempFolder(), 'not', 'yet')
    expect(await (await openStore(folder)).list()).toEqual([])
    expect((await readdir(folder)).sort()).toEqual(['blobs', 'manifests'])
  })

  test('ollama 114: starts with the newest and says all about each', async () => {
    const folder = await tempFolder()
    const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000)
    const installed = await installFixtures(folder, [
      { from: 'tiny', as: 'old', modifiedAt: at(1) },
      { from: 'tiny', as: 'u/new:v2', modifiedAt: at(3) },
      { from: 'tiny', as: 'hf.co/u/middle', modifiedAt: at(2) },
    ])
    const models = await (await openStore(folder)).list()
    expect(names(models)).toEqual(['u/new:v2', 'hf.co/u/middle:latest', 'old:latest'])
    const fixture = installed['u/new:v2']
    expect(models[0]).toMatchObject({
      name: { host: 'registry.ollama.ai', namespace: 'u', model: 'new', tag: 'v2' },
      fullName: 'registry.ollama.ai/u/new:v2',
      digest: fixture?.digest,
      modifiedAt: at(3),
      weightsPath: fixture?.weightsPath,
      projectorPaths: [],
      adapterPaths: [],
      parentModel: 'fixture.gguf',
      capabilities: ['completion'],
    })
    const sizes = [fixture?.manifest.config, ...(fixture?.manifest.layers ?? [])].map(
      (layer) => layer?.size ?? 0,
    )
    expect(models[0]?.sizeBytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
  })

  test('ollama 115: shows what another process has added and removed', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder)
    const { tiny } = await installFixtures(folder, ['tiny'])
    expect(names(await store.list())).toEqual(['tiny:latest'])
    await rm(tiny?.manifestPath ?? '')
    expect(await store.list()).toEqual([])
  })

  test('ollama 115: leaves out manifests that cannot be read and logs each of them once', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['tiny', 'msg'])
    const place = async (name: string, content: string) => {
      await mkdir(dirname(manifestPathOf(folder, name)), { recursive: true })
      await writeFile(manifestPathOf(folder, name), content)
    }
    await place('notjson', 'not json')
    await place('traversal', '{"layers":[{"mediaType":"x","digest":"sha256:../../../etc/passwd","size":1}]}')
    await place('-badname', '{}')
    await place('nolayer', `{"config":{"mediaType":"x","digest":"sha256:${'0'.repeat(64)}","size":1}}`)
    await mkdir(join(manifestPathOf(folder, 'deep'), 'er'), { recursive: true })
    await writeFile(join(folder, 'manifests', 'shallow'), '{}')
    const log = recordingLog()
    const store = await openModelStore({ folder, log, noPrune: true })
    expect(names(await store.list())).toEqual(expect.arrayContaining(['tiny:latest', 'msg:latest']))
    expect(await store.list()).toHaveLength(2)
    const paths = ['-badname', 'notjson', 'traversal', 'nolayer'].map((name) => manifestPathOf(folder, name))
    expect(log.lines.map(({ message }) => message)).toEqual(Array(4).fill('manifest skipped'))
    expect(log.lines.map(({ details }) => details)).toEqual(
      expect.arrayContaining(paths.map((path) => expect.objectContaining({ path }))),
    )
  })

  test('keeps a model whose weights are damaged, without facts, and logs why', async () => {
    const folder = await tempFolder()
    const { tiny } = await installFixtures(folder, ['tiny'])
    await writeFile(tiny?.weightsPath ?? '', 'GGUF')
    const log = recordingLog()
    const store = await openModelStore({ folder, log, noPrune: true })
    const [model] = await store.list()
    expect(model).toMatchObject({ shortName: 'tiny:latest', facts: undefined })
    expect(log.lines).toEqual([
      { message: 'weights cannot be read', details: { path: tiny?.manifestPath, err: expect.any(Error) } },
    ])
    await expect(store.find('tiny')).rejects.toMatchObject({
      code: 'load_failed',
      message: "model 'tiny' cannot be read: cut short: the header needs byte 8, the file has 4",
    })
  })
})

describe('a model', () => {
  test('is found with everything its layers say', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, [
      {
        from: 'params',
        as: 'full',
        goTemplate: T1,
        system: 'Be brief.\n',
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
        licenses: ['MIT', 'Apache-2.0'],
        config: { renderer: 'r', requires: '0.14.0', capabilities: ['image'] },
      },
    ])
    expect(await (await openStore(folder)).find('full')).toMatchObject({
      goTemplate: T1,
      system: 'Be brief.\n',
      parameters: { seed: 7, top_p: 0.5, stop: ['x', 'y'] },
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
      licenses: ['MIT', 'Apache-2.0'],
      config: {
        modelFormat: 'gguf',
        modelFamily: 'llama',
        modelFamilies: ['llama'],
        parameterSize: '4K',
        quantizationLevel: 'Q4_0',
        renderer: 'r',
        requires: '0.14.0',
        contextLength: 8192,
        embeddingLength: 32,
      },
      facts: { architecture: 'llama', layers: 1 },
      capabilities: ['completion', 'image'],
    })
  })

  test('is found with messages that hold pictures and tool calls', async () => {
    const folder = await tempFolder()
    const call = { function: { name: 'get_weather', arguments: { city: 'Paris' } } }
    await installFixtures(folder, [
      {
        from: 'tool',
        messages: [
          { role: 'user', content: 'What is this?', images: ['aGk='] },
          { role: 'assistant', thinking: 'hm', tool_calls: [{ id: 'call_1', ...call }, call] },
          { role: 'tool', content: '11', tool_name: 'get_weather', tool_call_id: 'call_1' },
        ],
      },
    ])
    expect((await (await openStore(folder)).find('tool')).messages).toEqual([
      { role: 'user', content: 'What is this?', images: [Buffer.from('hi')] },
      {
        role: 'assistant',
        content: '',
        thinking: 'hm',
        toolCalls: [{ id: 'call_1', ...call.function }, call.function],
      },
      { role: 'tool', content: '11', toolName: 'get_weather', toolCallId: 'call_1' },
    ])
  })

  test('gets the display texts its config leaves out from its weights', async () => {
    const folder = await tempFolder()
    const bare = { model_format: '', model_family: '', model_type: '', file_type: '' }
    await installFixtures(folder, [{ from: 'tiny', config: bare }])
    expect((await (await openStore(folder)).find('tiny')).config).toMatchObject({
      modelFormat: 'gguf',
      modelFamily: 'llama',
      parameterSize: '4K',
      quantizationLevel: 'Q4_0',
    })
  })

  test('with a projector sees', async () => {
    const folder = await tempFolder()
    const { projector } = await installFixtures(folder, ['projector'])
    const model = await (await openStore(folder)).find('projector')
    expect(model.capabilities).toEqual(['completion', 'vision'])
    const layer = projector?.manifest.layers.find(({ mediaType }) => mediaType.endsWith('.projector'))
    expect(model.projectorPaths).toEqual([blobPathOf(folder, layer?.digest ?? '')])
  })

  test('of another server is a stub without weights', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['stub'])
    expect(await (await openStore(folder)).find('stub')).toMatchObject({
      weightsPath: undefined,
      facts: undefined,
      capabilities: [],
      config: { remoteHost: 'https://ollama.com:443', remoteModel: 'gpt-oss:20b' },
    })
  })

  test.each(['TINY', 'Tiny:LATEST', 'library/tiny', 'registry.ollama.ai/LIBRARY/tiny'])(
    'ollama 33: is found as %s, and keeps its own spelling',
    async (text) => {
      const folder = await tempFolder()
      await installFixtures(folder, ['tiny'])
      expect((await (await openStore(folder)).find(text)).shortName).toBe('tiny:latest')
    },
  )

  test('is found in its exact spelling where two differ only in case', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, [
      { from: 'tiny', as: 'LLaMA3' },
      { from: 'tiny', as: 'llama3', system: 'lower' },
      { from: 'tiny', as: 'LLAMA3:8b' },
    ])
    const store = await openStore(folder)
    expect((await store.find('llama3')).shortName).toBe('llama3:latest')
    expect((await store.find('LLaMA3')).shortName).toBe('LLaMA3:latest')
    expect((await store.find('llama3:8B')).shortName).toBe('LLAMA3:8b')
  })

  test.each([
    ['nope', 'model_not_found', "model 'nope' not found"],
    ['tiny:other', 'model_not_found', "model 'tiny:other' not found"],
    ['', 'model_not_found', "model '' not found"],
    ['^', 'invalid_model_name', 'invalid model name'],
    ['../../../tiny', 'invalid_model_name', 'invalid model name'],
  ])('ollama 30: %j is refused as %s', async (text, code, message) => {
    const folder = await tempFolder()
    await installFixtures(folder, ['tiny'])
    const store = await openStore(folder)
    await expect(store.find(text)).rejects.toMatchObject({ code, message })
    await expect(store.delete(text)).rejects.toMatchObject({ code, message })
  })

  test('whose manifest is damaged is refused with the reason, and can be deleted', async () => {
    const folder = await tempFolder()
    const { tiny } = await installFixtures(folder, ['tiny'])
    await writeFile(tiny?.manifestPath ?? '', '{')
    const store = await openStore(folder)
    await expect(store.find('tiny')).rejects.toMatchObject({
      code: 'load_failed',
      message: expect.stringMatching(/^model 'tiny' cannot be read: /),
    })
    await store.delete('tiny')
    await expect(store.find('tiny')).rejects.toMatchObject({ code: 'model_not_found' })
  })

  test('that another process has changed is read again', async () => {
    const folder = await tempFolder()
    const store = await openStore(folder)
    await installFixtures(folder, ['tiny'])
    expect((await store.find('tiny')).system).toBeUndefined()
    await installFixtures(folder, [{ from: 'tiny', system: 'now' }])
    expect((await store.find('tiny')).system).toBe('now')
  })
})

describe('the details of a model', () => {
  test('ollama 118: hold arrays only when asked for', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['tiny'])
    const store = await openStore(folder)
    const model = await store.find('tiny')
    const short = await store.details(model, false)
    expect(Object.fromEntries(short.metadata)).toMatchObject({
      'general.architecture': 'llama',
      'llama.attention.layer_norm_rms_epsilon': 1e-5,
      'tokenizer.ggml.tokens': null,
      'tokenizer.ggml.scores': null,
    })
    const verbose = await store.details(model, true)
    expect(Object.fromEntries(verbose.metadata)['tokenizer.ggml.token_type']).toEqual([
      3, 3, 3, 3, 3, 3, 1, 1,
    ])
    expect(verbose.tensors[0]).toEqual({ name: 'token_embd.weight', type: 'Q4_0', shape: [32, 8] })
    expect(verbose.projectorMetadata).toBeUndefined()
  })

  test('include what its projector says', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['projector'])
    const store = await openStore(folder)
    const { projectorMetadata } = await store.details(await store.find('projector'), false)
    expect(projectorMetadata?.[0]).toEqual(['general.architecture', 'clip'])
  })

  test('of a stub are empty', async () => {
    const folder = await tempFolder()
    await installFixtures(folder, ['stub'])
    const store = await openStore(folder)
    expect(await store.details(await store.find('stub'), true)).toEqual({
      metadata: [],
      tensors: [],
      projectorMetadata: undefined,
    })
  })
})

test('ollama 115: a manifest is remembered by its content, not by its name', async () => {
  const folder = await tempFolder()
  const { tiny } = await installFixtures(folder, ['tiny'])
  const store = await openStore(folder)
  const before = await store.find('tiny')
  const bytes = await readFile(tiny?.manifestPath ?? '')
  await mkdir(dirname(manifestPathOf(folder, 'u/copy')), { recursive: true })
  await writeFile(manifestPathOf(folder, 'u/copy'), bytes)
  const copy = await store.find('u/copy')
  expect(copy.digest).toBe(before.digest)
  expect(copy.shortName).toBe('u/copy:latest')
})
