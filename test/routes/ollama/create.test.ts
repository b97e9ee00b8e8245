import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { FIXTURE_MODELS, T1 } from '../../helpers/fixture-models.ts'
import { fixtureWeights, manifestPathOf } from '../../helpers/fixtures.ts'
import { str, u32, writeGguf } from '../../helpers/gguf.ts'
import { blobNames } from '../../helpers/store.ts'
import { lines, serve } from './serve.ts'

const GGUF = fixtureWeights(FIXTURE_MODELS.msg)

async function server(options: Parameters<typeof serve>[0] = {}) {
  const served = await serve(options)
  return {
    ...served,
    /** Stores a file the way clients do; its digest. */
    async upload(content: string | Buffer) {
      const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
      const reply = await served.http.post(`/api/blobs/${digest}`).send(content)
      if (reply.status >= 300) throw new Error(reply.text)
      return digest
    },
    create: (body: object) => served.http.post('/api/create').send({ stream: false, ...body }),
    async statuses(body: object): Promise<string[]> {
      const reply = await served.http.post('/api/create').send(body)
      return lines(reply).map((line) => line.error ?? line.status)
    },
    shown: async (model: string) => (await served.show({ model })).body,
  }
}

/** What a manifest on disk lists, and how it is written. */
async function manifestOf(folder: string, name: string) {
  const text = await readFile(manifestPathOf(folder, name), 'utf8')
  return { text, ...(JSON.parse(text) as { config: LayerRef; layers: LayerRef[] }) }
}
interface LayerRef {
  mediaType: string
  digest: string
  size: number
  from?: string
}
const kinds = (layers: readonly LayerRef[]) => layers.map(({ mediaType }) => mediaType.split('.').at(-1))

describe('POST /api/create from files', () => {
  test('ollama 131: tells each step, and success last', async () => {
    const { upload, http, chat } = await server()
    const digest = await upload(GGUF)
    const reply = await http.post('/api/create').send({ model: 'm1', files: { 'a.gguf': digest } })
    expect(reply.headers['content-type']).toBe('application/x-ndjson')
    expect(lines(reply)).toEqual([
      { status: 'parsing GGUF' },
      { status: `using existing layer ${digest}` },
      { status: 'writing manifest' },
      { status: 'success' },
    ])
    const answer = await chat({ model: 'm1', messages: [{ role: 'user', content: 'Hi' }] })
    expect(answer.body.message.content).toBe('Hello world')
  })

  test('ollama 132: without a stream answers with the last step alone', async () => {
    const { upload, create } = await server()
    const reply = await create({ model: 'm1', files: { 'a.gguf': await upload(GGUF) } })
    expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([
      200,
      'application/json',
      '{"status":"success"}',
    ])
  })

  test('writes manifest and config as Ollama does, byte for byte', async () => {
    const { upload, create, modelsFolder } = await server()
    const digest = await upload(GGUF)
    const created = await create({ model: 'm1', files: { 'dir/a.gguf': digest }, system: 'a < b & c' })
    expect(created.status).toBe(200)
    const { text, config, layers } = await manifestOf(modelsFolder, 'm1')
    const system = layers[1]?.digest ?? ''
    expect(text).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",' +
        `"config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"${config.digest}","size":${config.size}},` +
        `"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"${digest}","size":${GGUF.length},"from":"dir/a.gguf"},` +
        `{"mediaType":"application/vnd.ollama.image.system","digest":"${system}","size":9}]}\n`,
    )
    const blob = (of: string) => readFile(`${modelsFolder}/blobs/${of.replace(':', '-')}`, 'utf8')
    expect(await blob(config.digest)).toBe(
      '{"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"4K","file_type":"Q4_0",' +
        `"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["${digest}","${system}"]}}\n`,
    )
    expect(await blob(system)).toBe('a < b & c')
  })

  test('takes a projector, known by its own header, beside the model', async () => {
    const { upload, create, shown, modelsFolder } = await server()
    const projector = writeGguf({ metadata: FIXTURE_MODELS.projector.projector })
    const files = { 'b.gguf': await upload(GGUF), 'a.gguf': await upload(projector) }
    expect((await create({ model: 'm1', files })).status).toBe(200)
    expect(kinds((await manifestOf(modelsFolder, 'm1')).layers)).toEqual(['projector', 'model'])
    expect((await shown('m1')).capabilities).toContain('vision')
  })

  test('knows GGUF without a file name that says so', async () => {
    const { upload, create } = await server()
    expect((await create({ model: 'm1', files: { weights: await upload(GGUF) } })).status).toBe(200)
  })

  test('ollama 133: without from and files says so, streamed or not', async () => {
    const { create, http } = await server()
    const error = "neither 'from' or 'files' was specified"
    const whole = await create({ model: 'm' })
    expect([whole.status, whole.body]).toEqual([400, { error }])
    const streamed = await http.post('/api/create').send({ model: 'm' })
    expect([streamed.status, streamed.body]).toEqual([400, { error }])
  })

  test.each<[what: string, name: string, content: string | Buffer, error: unknown]>([
    ['leaves the folder', '../a.gguf', GGUF, 'file path must be relative'],
    ['is absolute', '/a.gguf', GGUF, 'file path must be relative'],
    ['has an empty part', 'a//b.gguf', GGUF, 'file path must be relative'],
    ['is a text', 'a.txt', 'some text', 'unknown type'],
    ['is a text that is called GGUF', 'a.gguf', 'some text', 'supplied file was not in GGUF format'],
    ['is cut short', 'a.gguf', GGUF.subarray(0, 200), expect.stringMatching(/^a\.gguf: cut short/)],
  ])('ollama 134: a file that %s is refused', async (_, name, content, error) => {
    const { upload, create, http } = await server()
    const reply = await create({ model: 'm', files: { [name]: await upload(content) } })
    expect([reply.status, reply.body]).toEqual([400, { error }])
    expect((await http.get('/api/tags')).body.models).toHaveLength(1)
  })

  test.each([
    [{ 'a.gguf': '' }, 'invalid digest format'],
    [{ 'a.gguf': 'sha256:xyz' }, 'invalid digest format'],
    [{}, 'unknown type'],
  ])('ollama 134: files %j are refused', async (files, error) => {
    const { create } = await server()
    const reply = await create({ model: 'm', files })
    expect([reply.status, reply.body]).toEqual([400, { error }])
  })

  test('ollama 136: a text that is called GGUF is refused', async () => {
    const { upload, create } = await server()
    const reply = await create({ model: 'm', files: { 'a.gguf': await upload('text') } })
    expect([reply.status, reply.body]).toEqual([400, { error: 'supplied file was not in GGUF format' }])
  })

  test('a failure after the first step is the last line of the stream', async () => {
    const { upload, statuses } = await server()
    const files = { 'a.gguf': await upload('text') }
    expect(await statuses({ model: 'm', files })).toEqual([
      'parsing GGUF',
      'supplied file was not in GGUF format',
    ])
  })

  test('a blob that was never uploaded is named', async () => {
    const { create } = await server()
    const digest = `sha256:${'0'.repeat(64)}`
    const reply = await create({ model: 'm', files: { 'a.gguf': digest } })
    expect([reply.status, reply.body.error]).toEqual([500, expect.stringContaining(digest)])
  })

  test('ollama 135: names that are none are refused', async () => {
    const { create } = await server()
    for (const body of [{ model: 'a b', from: 'tiny' }, { from: 'tiny' }, { model: 'm', from: '^' }]) {
      const reply = await create(body)
      expect([reply.status, reply.body]).toEqual([400, { error: 'invalid model name' }])
    }
  })

  test('a single adapter is taken, and no second one', async () => {
    const { upload, create, modelsFolder } = await server()
    const adapter = writeGguf({
      metadata: { 'general.architecture': str('llama'), 'general.type': str('adapter') },
    })
    const digest = await upload(adapter)
    const one = await create({ model: 'm', from: 'tiny', adapters: { 'a.gguf': digest } })
    expect(one.status).toBe(200)
    expect(kinds((await manifestOf(modelsFolder, 'm')).layers)).toEqual(['model', 'adapter'])
    const two = await create({ model: 'm', from: 'tiny', adapters: { 'a.gguf': digest, 'b.gguf': digest } })
    expect([two.status, two.body]).toEqual([400, { error: 'only one adapter is currently supported' }])
  })

  test('a draft model is kept apart, and stands in the config', async () => {
    const { upload, create, shown } = await server()
    const draft_files = { 'draft.gguf': await upload(GGUF) }
    expect((await create({ model: 'm', from: 'tiny', draft_files })).status).toBe(200)
    expect((await shown('m')).modelfile).toContain('\nDRAFT ')
    const reply = await create({ model: 'm', from: 'tiny', draft_quantize: 'q8_0' })
    expect([reply.status, reply.body.error]).toEqual([400, '--draft-quantize requires a DRAFT model'])
  })
})

describe('POST /api/create from a model', () => {
  test('ollama 137: shares its weights and says so', async () => {
    const { create, shown, modelsFolder } = await server()
    const before = await blobNames(modelsFolder)
    expect((await create({ model: 'm', from: 'tiny', system: 'X' })).status).toBe(200)
    expect(await shown('m')).toMatchObject({ system: 'X', details: { parent_model: 'tiny:latest' } })
    const added = (await blobNames(modelsFolder)).filter((name) => !before.includes(name))
    const sizes = await Promise.all(
      added.map(async (name) => (await stat(`${modelsFolder}/blobs/${name}`)).size),
    )
    expect(sizes.sort((a, b) => a - b)).toEqual([1, expect.any(Number)])
    expect(Math.max(...sizes)).toBeLessThan(1000)
  })

  test('ollama 138: parameters are laid over those of the base, lists replaced whole', async () => {
    const parameters = { temperature: 1, top_k: 10, stop: ['a', 'b'] }
    const { create, shown, modelsFolder } = await server({
      models: [{ from: 'params', as: 'base', parameters }],
    })
    const lined = async (model: string) =>
      (await shown(model)).parameters.replace(/ +/g, ' ').split('\n').sort()
    await create({ model: 'm', from: 'base', parameters: { temperature: 0.6 } })
    expect(await lined('m')).toEqual(['stop "a"', 'stop "b"', 'temperature 0.6', 'top_k 10'])
    await create({ model: 'm', from: 'base', parameters: { stop: ['c'] } })
    expect(await lined('m')).toEqual(['stop "c"', 'temperature 1', 'top_k 10'])
    const { layers } = await manifestOf(modelsFolder, 'm')
    const params = layers.find(({ mediaType }) => mediaType.endsWith('.params'))
    const blob = await readFile(`${modelsFolder}/blobs/${params?.digest.replace(':', '-')}`, 'utf8')
    expect(blob).toBe('{"stop":["c"],"temperature":1,"top_k":10}\n')
  })

  test('ollama 139: messages replace those of the base, unless there are none', async () => {
    const { create, shown } = await server()
    const said = (content: string) => [{ role: 'user', content }]
    await create({ model: 'a', from: 'tiny', messages: said('one') })
    await create({ model: 'b', from: 'a', messages: said('two') })
    await create({ model: 'c', from: 'a' })
    expect((await shown('b')).messages).toEqual(said('two'))
    expect((await shown('c')).messages).toEqual(said('one'))
  })

  test('messages are kept with their images, thoughts and calls', async () => {
    const { create, modelsFolder } = await server()
    const messages = [
      { role: 'User', content: 'look', images: ['AQI='] },
      {
        role: 'assistant',
        thinking: 'hm',
        tool_calls: [{ id: 'c1', function: { name: 'f', arguments: { b: 1, a: '<' } } }],
      },
      { role: 'tool', content: '4', tool_name: 'f', tool_call_id: 'c1' },
    ]
    await create({ model: 'm', from: 'tiny', messages })
    const { layers } = await manifestOf(modelsFolder, 'm')
    const blob = await readFile(`${modelsFolder}/blobs/${layers.at(-1)?.digest.replace(':', '-')}`, 'utf8')
    expect(blob).toBe(
      '[{"role":"user","content":"look","images":["AQI="]},' +
        '{"role":"assistant","content":"","thinking":"hm","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"a":"\\u003c","b":1}}}]},' +
        '{"role":"tool","content":"4","tool_name":"f","tool_call_id":"c1"}]\n',
    )
  })

  test('ollama 140: each licence is a layer, added to those of the base', async () => {
    const { create, shown, modelsFolder } = await server()
    await create({ model: 'm', from: 'tiny', license: ['MIT', 'Apache-2.0'] })
    expect(kinds((await manifestOf(modelsFolder, 'm')).layers)).toEqual(['model', 'license', 'license'])
    expect((await shown('m')).license).toBe('MIT\nApache-2.0')
    await create({ model: 'n', from: 'm', license: 'BSD' })
    expect((await shown('n')).license).toBe('MIT\nApache-2.0\nBSD')
  })

  test('a template and a system text replace those of the base', async () => {
    const { create, modelsFolder } = await server({ models: [{ from: 'go', as: 'base', system: 'old' }] })
    await create({ model: 'm', from: 'base', template: '{{ .Prompt }}', system: 'new' })
    const { layers } = await manifestOf(modelsFolder, 'm')
    expect(kinds(layers)).toEqual(['model', 'template', 'system'])
    await create({ model: 'm', from: 'base', template: '', system: '' })
    const kept = (await manifestOf(modelsFolder, 'm')).layers.map(({ digest }) => digest)
    expect(kept).toEqual((await manifestOf(modelsFolder, 'base')).layers.map(({ digest }) => digest))
  })

  test('ollama 141: a template that cannot be parsed is refused', async () => {
    const { create } = await server()
    const reply = await create({ model: 'm', from: 'tiny', template: '{{ .Prompt' })
    expect([reply.status, reply.body.error]).toEqual([
      400,
      expect.stringMatching(/^template error: template: :1: /),
    ])
  })

  test('ollama 142: a type that weights cannot be stored in is named, with those that can', async () => {
    const { create } = await server()
    const reply = await create({ model: 'm', from: 'tiny', quantize: 'q3_K' })
    const error = 'unsupported quantization type Q3_K - supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0'
    expect([reply.status, reply.body]).toEqual([500, { error }])
  })

  test('ollama 142: weights that are quantized already are not quantized again', async () => {
    const { create } = await server()
    for (const body of [{ quantize: 'q8_0' }, { quantization: 'Q4_K_M' }, { quantize: 'auto' }]) {
      const reply = await create({ model: 'm', from: 'tiny', ...body })
      expect([reply.status, reply.body.error]).toEqual([
        500,
        expect.stringContaining('only supported for F16, BF16 and F32'),
      ])
    }
  })

  test.each([
    [{ context_length: 1.5 }, 'info field "context_length" must be a non-negative integer'],
    [{ context_length: -1 }, 'info field "context_length" must be a non-negative integer'],
    [{ embedding_length: '8' }, 'info field "embedding_length" must be a number'],
    [{ model_family: 1 }, 'info field "model_family" must be a string'],
    [{ capabilities: 'tools' }, 'info field "capabilities" must be an array of strings'],
    [{ capabilities: ['tools', 1] }, 'info field "capabilities" element 1 must be a string'],
  ])('ollama 143: info %j is refused', async (info, error) => {
    const { create } = await server()
    const reply = await create({ model: 'm', from: 'tiny', info })
    expect([reply.status, reply.body]).toEqual([400, { error }])
  })

  test('what info says goes before what the weights say', async () => {
    const { create, shown } = await server()
    const info = {
      model_family: 'mine',
      parameter_size: '9B',
      quantization_level: 'Q9',
      context_length: 7,
      embedding_length: 8,
      base_name: 'b',
    }
    await create({ model: 'm', from: 'tiny', info })
    expect((await shown('m')).details).toMatchObject({
      family: 'mine',
      families: ['mine', 'llama'],
      parameter_size: '9B',
      quantization_level: 'Q9',
      context_length: 7,
      embedding_length: 8,
    })
  })

  test('ollama 145: older names of fields are understood', async () => {
    const { create, shown } = await server()
    expect((await create({ name: 'old', from: 'tiny' })).status).toBe(200)
    expect((await shown('old')).details.parent_model).toBe('tiny:latest')
    const reply = await create({ model: 'm', from: 'tiny', quantization: 'q3_K' })
    expect(reply.body.error).toContain('unsupported quantization type')
  })

  test('ollama 146: a name that differs only in case is the same model', async () => {
    const { create, http } = await server()
    await create({ model: 'Mine', from: 'tiny', system: 'one' })
    await create({ model: 'mINE', from: 'TINY', system: 'two' })
    const { models } = (await http.get('/api/tags')).body
    expect(models.map(({ name }: { name: string }) => name).sort()).toEqual(['Mine:latest', 'tiny:latest'])
  })

  test('renderer, parser and the version a base requires are inherited unless they are given', async () => {
    const config = { renderer: 'r', parser: 'p', requires: '0.20.0' }
    const { create, shown } = await server({ models: [{ from: 'tiny', as: 'base', config }] })
    await create({ model: 'm', from: 'base', parser: 'other' })
    const { modelfile, requires } = await shown('m')
    expect([modelfile.includes('RENDERER r\n'), modelfile.includes('PARSER other\n'), requires]).toEqual([
      true,
      true,
      '0.20.0',
    ])
  })

  test('a base that is not installed is pulled, and a registry that is not there is named', async () => {
    const { create } = await server()
    // Nobody listens on port 1.
    const reply = await create({ model: 'm', from: '127.0.0.1:1/library/nope' })
    expect([reply.status, reply.body]).toEqual([
      500,
      { error: expect.stringMatching(/^pull model manifest: .*127\.0\.0\.1:1\/v2\/library\/nope.*refused/) },
    ])
  })

  test.each([
    ['example.com', 'http://example.com:11434'],
    ['https://example.com:8080/x/', 'https://example.com:8080/x'],
    ['ollama.com', 'https://ollama.com:443'],
    ['/path', 'http://localhost:11434/path'],
  ])('remote_host %s makes a stub for %s', async (remote_host, url) => {
    const { create, shown } = await server()
    expect((await create({ model: 'm', from: 'gpt-oss:20b', remote_host })).status).toBe(200)
    expect(await shown('m')).toMatchObject({ remote_host: url, remote_model: 'gpt-oss:20b' })
  })

  test('a remote host that is none is refused, and so is a draft beside one', async () => {
    const { create, upload } = await server()
    const bad = await create({ model: 'm', from: 'x', remote_host: 'http://a b' })
    expect([bad.status, bad.body]).toEqual([400, { error: 'bad remote' }])
    const draft_files = { 'a.gguf': await upload(GGUF) }
    const draft = await create({ model: 'm', from: 'x', remote_host: 'example.com', draft_files })
    expect([draft.status, draft.body]).toEqual([400, { error: 'DRAFT cannot be used with remote models' }])
  })
})

describe('making a model again', () => {
  const remake = async (noPrune: boolean) => {
    const { create, modelsFolder } = await server({ noPrune })
    await create({ model: 'm1', from: 'tiny', template: T1 })
    const [, old] = (await manifestOf(modelsFolder, 'm1')).layers
    await create({ model: 'm1', from: 'tiny', template: '{{ .Prompt }}' })
    return (await blobNames(modelsFolder)).includes(old?.digest.replace(':', '-') ?? '')
  }

  test('ollama 144: removes the layers that only the old one used', async () => {
    expect(await remake(false)).toBe(false)
  })

  test('ollama 144: keeps them with OLLAMA_NOPRUNE', async () => {
    expect(await remake(true)).toBe(true)
  })

  test('on top of itself works', async () => {
    const { create, shown } = await server({ noPrune: false })
    await create({ model: 'tiny', from: 'tiny', system: 'X' })
    await create({ model: 'tiny', from: 'tiny', parameters: { seed: 1 } })
    expect(await shown('tiny')).toMatchObject({ system: 'X', details: { parent_model: 'tiny:latest' } })
  })
})

test('weights that would bring llama.cpp down are refused before it sees them', async () => {
  const { upload, create } = await server()
  const broken = fixtureWeights({
    ...FIXTURE_MODELS.tiny,
    metadata: { 'llama.attention.head_count': u32(3) },
  })
  const reply = await create({ model: 'm', files: { 'a.gguf': await upload(broken) } })
  expect([reply.status, reply.body.error]).toEqual([400, expect.stringMatching(/^a\.gguf: llama\./)])
})
