import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testApp } from '../../helpers/app.ts'
import { blobPathOf, fixtureWeights, manifestPathOf } from '../../helpers/fixtures.ts'
import { SMALL } from '../../helpers/pull/memory-blob.ts'
import { bytesContent, type Content, sha256 } from '../../helpers/registry/content.ts'
import { startRegistry, type TestRegistry } from '../../helpers/registry/server.ts'
import { openSocket } from '../../helpers/socket.ts'
import { blobNames } from '../../helpers/store.ts'

type TestApp = Awaited<ReturnType<typeof testApp>>

/** GGUF with so much behind its header that it takes several parts. */
const WEIGHTS = bytesContent(Buffer.concat([fixtureWeights({}), Buffer.alloc(800_000, 7)]))
const TEMPLATE = '{{ .Prompt }}'
const digestPattern = (content: Content) => new RegExp(`/blobs?/${content.digest}`)

async function server(noPrune = false): Promise<{ app: TestApp; registry: TestRegistry; model: string }> {
  const registry = await startRegistry()
  return {
    app: await testApp({ models: [], tuning: SMALL, noPrune }),
    registry,
    model: `${registry.host}/library/tiny`,
  }
}

const publish = (registry: TestRegistry, weights: Content = WEIGHTS) =>
  registry.publish('library/tiny', [
    { kind: 'model', content: weights },
    { kind: 'template', content: TEMPLATE },
  ])

/** The lines of a streamed pull. */
async function pull({ app }: TestApp, body: object) {
  const payload = { insecure: true, ...body }
  const reply = await app.inject({ method: 'POST', url: '/api/pull', payload })
  return {
    status: reply.statusCode,
    lines: reply.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }
}

/** Statuses in order, each once. */
const steps = (lines: readonly { status: string }[]) =>
  lines.map(({ status }) => status).filter((status, at, all) => status !== all[at - 1])

const short = (digest: string) => `pulling ${digest.slice(7, 19)}`

/** Bytes of the weights that were asked for. */
const requested = (registry: TestRegistry) =>
  registry.requests
    .filter(({ method, url }) => method === 'GET' && digestPattern(WEIGHTS).test(url))
    .map(({ headers }) => /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? ''))
    .filter((range) => range !== null)
    .map(([, start, end]) => ({ start: Number(start), end: Number(end) }))

describe('POST /api/pull', () => {
  test('ollama 147: reports each step and installs the manifest byte for byte', async () => {
    const { app, registry, model } = await server()
    const served = publish(registry)
    const config = JSON.parse(served.toString()).config
    const { status, lines } = await pull(app, { model })
    expect(status).toBe(200)
    expect(steps(lines)).toEqual([
      'pulling manifest',
      short(WEIGHTS.digest),
      short(sha256(TEMPLATE)),
      short(config.digest),
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ])
    const ofWeights = lines.filter(({ digest }) => digest === WEIGHTS.digest)
    expect(ofWeights.at(-1)).toEqual({
      status: short(WEIGHTS.digest),
      digest: WEIGHTS.digest,
      total: WEIGHTS.size,
      completed: WEIGHTS.size,
    })
    expect((await readFile(manifestPathOf(app.modelsFolder, model))).equals(served)).toBe(true)
    const { models } = (await app.app.inject('/api/tags')).json()
    expect(models).toMatchObject([
      { name: `${model}:latest`, digest: sha256(served).slice('sha256:'.length) },
    ])
  })

  test('ollama 147: without streaming answers success alone', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    const payload = { model, insecure: true, stream: false }
    const reply = await app.app.inject({ method: 'POST', url: '/api/pull', payload })
    expect(reply.json()).toEqual({ status: 'success' })
  })

  test('ollama 148: a second pull says that everything is there and fetches no blob', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    await pull(app, { model })
    registry.requests.length = 0
    const { lines } = await pull(app, { model })
    const progress = lines.filter(({ digest }) => digest !== undefined)
    expect(progress).toHaveLength(3)
    for (const { total, completed } of progress) expect(completed).toBe(total)
    expect(lines.at(-1)).toEqual({ status: 'success' })
    expect(registry.requests.map(({ url }) => url)).toEqual(['/v2/library/tiny/manifests/latest'])
  })

  test('ollama 149: a model that the registry does not have ends in an error line, or in status 500', async () => {
    const { app, model } = await server()
    const { status, lines } = await pull(app, { model })
    const error = { error: 'pull model manifest: file does not exist' }
    expect(status).toBe(200)
    expect(lines).toEqual([{ status: 'pulling manifest' }, error])
    const whole = await pull(app, { model, stream: false })
    expect(whole).toEqual({ status: 500, lines: [error] })
  })

  test('ollama 150: parts come from the host that the registry names, without credentials', async () => {
    const elsewhere = await startRegistry({ address: '127.0.0.2' })
    const registry = await startRegistry({ redirectBlobs: { to: elsewhere.origin }, auth: {} })
    publish(elsewhere)
    publish(registry)
    const app = await testApp({ models: [], tuning: SMALL })
    const { lines } = await pull(app, { model: `${registry.host}/library/tiny` })
    expect(lines.at(-1)).toEqual({ status: 'success' })
    const parts = elsewhere.requests.filter(({ url }) => url.startsWith('/blob/'))
    expect(parts.length).toBeGreaterThan(2)
    for (const { headers } of parts) {
      expect(headers.range).toMatch(/^bytes=\d+-\d+$/)
      expect(headers.authorization).toBeUndefined()
    }
  })

  test('ollama 151: wrong bytes are refused, and nothing of them stays', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    registry.fault({ method: 'GET', path: digestPattern(WEIGHTS), fault: { otherBytes: true } })
    const { lines } = await pull(app, { model })
    expect(lines.at(-1).error).toMatch(
      `digest mismatch, file must be downloaded again: want ${WEIGHTS.digest}, got sha256:`,
    )
    expect(await blobNames(app.modelsFolder)).toEqual([])
    await expect(stat(manifestPathOf(app.modelsFolder, model))).rejects.toThrow('ENOENT')
  })

  test('ollama 152: wrong bytes are refused also where config and layer are one blob', async () => {
    const { app, registry, model } = await server()
    const manifest = JSON.parse(publish(registry).toString())
    manifest.layers = [{ ...manifest.layers[0], digest: manifest.config.digest, size: manifest.config.size }]
    const bytes = Buffer.from(JSON.stringify(manifest))
    registry.manifests.set('/v2/library/tiny/manifests/latest', bytes)
    registry.fault({ path: new RegExp(`/blobs?/${manifest.config.digest}`), fault: { otherBytes: true } })
    const { lines } = await pull(app, { model })
    expect(lines.at(-1).error).toContain('digest mismatch, file must be downloaded again')
    expect(await blobNames(app.modelsFolder)).toEqual([])
    await expect(stat(manifestPathOf(app.modelsFolder, model))).rejects.toThrow('ENOENT')
  })

  test('ollama 153: a pull that its client left goes on from what is there', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    const rule = { method: 'GET', path: digestPattern(WEIGHTS) }
    registry.fault({ ...rule, fault: { stallAfter: 90_000 } })
    const socket = await openSocket(await app.url())
    socket.post('/api/pull', { model, insecure: true })
    await socket.until('"completed":')
    await expect.poll(() => requested(registry).length).toBeGreaterThan(4)
    socket.hangUp()
    // Progress is on disk when the last part file has been put in place.
    await expect.poll(() => completedOf(app.modelsFolder)).toBeGreaterThan(100_000)
    registry.clearFaults()
    registry.requests.length = 0
    const { lines } = await pull(app, { model })
    expect(lines.at(-1)).toEqual({ status: 'success' })
    const asked = requested(registry).reduce((sum, { start, end }) => sum + end - start + 1, 0)
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(WEIGHTS.size)
  })

  test('ollama 154: two pulls at once share each transfer', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    const both = await Promise.all([pull(app, { model }), pull(app, { model })])
    for (const { lines } of both) {
      expect(lines.at(-1)).toEqual({ status: 'success' })
      expect(steps(lines)).toContain(short(WEIGHTS.digest))
    }
    const ranges = requested(registry).sort((a, b) => a.start - b.start)
    expect(ranges.map(({ start }) => start)).toEqual([0, ...ranges.slice(0, -1).map(({ end }) => end + 1)])
    expect(ranges.at(-1)?.end).toBe(WEIGHTS.size - 1)
  })

  test('ollama 157: refuses what is no name, and takes `name` for `model`', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    for (const body of [{ model: '' }, { model: 'a b' }, {}]) {
      expect(await pull(app, body)).toEqual({ status: 400, lines: [{ error: 'invalid model name' }] })
    }
    const { lines } = await pull(app, { name: model })
    expect(lines.at(-1)).toEqual({ status: 'success' })
  })

  test('ollama 157: speaks http only when it is told so', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    const { lines } = await pull(app, { model, insecure: false })
    expect(lines.at(-1).error).toContain(`Get "https://${registry.host}/v2/library/tiny/manifests/latest"`)
    expect(registry.requests).toEqual([])
  })

  test('ollama 158: asks Hugging Face under its own address', async () => {
    const noAddress = Object.assign(new Error('none'), { code: 'ENOTFOUND' })
    const app = await testApp({
      models: [],
      registry: { lookup: (_host, _options, done) => done(noAddress, '') },
    })
    const { lines } = await pull(app, { model: 'hf.co/u/R:Q4_K_M', insecure: false })
    expect(lines.at(-1).error).toBe(
      'pull model manifest: Get "https://hf.co/v2/u/R/manifests/Q4_K_M": dial tcp: lookup hf.co: no such host',
    )
  })

  test('a new version replaces the old one and its unused layers', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    await pull(app, { model })
    const served = registry.publish('library/tiny', [{ kind: 'model', content: WEIGHTS }])
    const { lines } = await pull(app, { model })
    expect(steps(lines).slice(-3)).toEqual(['writing manifest', 'removing unused layers', 'success'])
    expect((await readFile(manifestPathOf(app.modelsFolder, model))).equals(served)).toBe(true)
    expect(await blobNames(app.modelsFolder)).not.toContain(sha256(TEMPLATE).replace(':', '-'))
    expect(await blobNames(app.modelsFolder)).toContain(WEIGHTS.digest.replace(':', '-'))
  })

  test('with OLLAMA_NOPRUNE the layers of the old version stay', async () => {
    const { app, registry, model } = await server(true)
    publish(registry)
    await pull(app, { model })
    registry.publish('library/tiny', [{ kind: 'model', content: WEIGHTS }])
    const { lines } = await pull(app, { model })
    expect(steps(lines).slice(-2)).toEqual(['writing manifest', 'success'])
    expect(await blobNames(app.modelsFolder)).toContain(sha256(TEMPLATE).replace(':', '-'))
  })

  test('ollama 173: a model that is not there is pulled and can be shown then', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    const show = () => app.app.inject({ method: 'POST', url: '/api/show', payload: { model } })
    expect((await show()).statusCode).toBe(404)
    const { lines } = await pull(app, { model })
    expect(lines.at(-1)).toEqual({ status: 'success' })
    expect((await show()).json().details.family).toBe('llama')
  })

  test('a stored blob of the wrong size is fetched again', async () => {
    const { app, registry, model } = await server()
    publish(registry)
    await pull(app, { model })
    await writeFile(blobPathOf(app.modelsFolder, WEIGHTS.digest), 'short')
    const { lines } = await pull(app, { model })
    expect(lines.at(-1)).toEqual({ status: 'success' })
    expect(sha256(await readFile(blobPathOf(app.modelsFolder, WEIGHTS.digest)))).toBe(WEIGHTS.digest)
  })

  test('a model made of tensors is refused in Ollama’s words', async () => {
    const { app, registry, model } = await server()
    registry.publish('library/tiny', [{ kind: 'tensor', content: 'abc' }])
    const { lines } = await pull(app, { model })
    expect(lines.at(-1)).toEqual({
      error: 'this model requires MLX support, but the MLX runtime is not available',
    })
  })

  test('weights that are not GGUF are not installed', async () => {
    const { app, registry, model } = await server()
    publish(registry, bytesContent('not a model'))
    const { lines } = await pull(app, { model })
    expect(lines.at(-1).error).toContain('is no model that can be used')
    expect(await readdir(join(app.modelsFolder, 'manifests'))).toEqual([])
  })
})

/** What the part files say. */
async function completedOf(folder: string): Promise<number> {
  const names = (await blobNames(folder)).filter((name) => /-partial-\d+$/.test(name))
  const texts = await Promise.all(names.map((name) => readFile(join(folder, 'blobs', name), 'utf8')))
  return texts.reduce((sum, text) => sum + JSON.parse(text).Completed, 0)
}
