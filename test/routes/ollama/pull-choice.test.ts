import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { libraryOffers } from '../../../engine/fit/catalog/tags.ts'
import { divergenceOf } from '../../../engine/fit/quality.ts'
import type { ReadMachine } from '../../../engine/planning/types.ts'
import { testApp } from '../../helpers/app.ts'
import { SMALL_LLAMA } from '../../helpers/fixture-models.ts'
import { fixtureWeights, manifestPathOf } from '../../helpers/fixtures.ts'
import { type GgufTensor, u32, writeGguf } from '../../helpers/gguf.ts'
import { startHuggingFace } from '../../helpers/hugging-face.ts'
import { GIB, MIB, machineWith } from '../../helpers/machines.ts'
import { bytesContent } from '../../helpers/registry/content.ts'
import { startRegistry, type TestRegistry } from '../../helpers/registry/server.ts'

/** What a machine of 16 GiB keeps for other programs. */
const RESERVE = 4 * GIB
/** Quantizations of the smallest model of one size only. */
const OFFERS = libraryOffers(catalogModel('tinyllama') ?? expect.unreachable())
const FULL = 'tinyllama:1.1b-chat-v1-q8_0'

/** A machine without a GPU whose free memory, beyond what is kept for others, a test sets. */
function memory() {
  const free = { bytes: 8 * GIB }
  const readMachine: ReadMachine = async () => {
    const machine = machineWith([], { gibibytes: 16, dataSheet: 89.6 })
    const ram = { ...machine.ram, availableBytes: RESERVE + free.bytes }
    return { machine: { ...machine, ram }, notes: [] }
  }
  return { free, readMachine }
}

/** Makes tags of the library known, each with weights of its own; gives their manifests. */
function publish(registry: TestRegistry, names: readonly string[]): Map<string, Buffer> {
  const manifests = names.map((name, at) => {
    const [model = '', tag = ''] = name.split(':')
    const content = bytesContent(Buffer.concat([fixtureWeights({}), Buffer.alloc(32 * at + 32)]))
    return [name, registry.publish(`library/${model}`, [{ kind: 'model', content }], tag)] as const
  })
  return new Map(manifests)
}

interface SettingOptions {
  names?: readonly string[]
  readMachine?: ReadMachine
}

async function setting({ names, readMachine }: SettingOptions = {}) {
  const registry = await startRegistry()
  const hub = await startHuggingFace()
  const { free, readMachine: normal } = memory()
  const manifests = publish(registry, names ?? [...OFFERS.map(({ name }) => name), 'tinyllama:latest'])
  const { app, modelsFolder } = await testApp({
    models: [],
    noPrune: false,
    readMachine: readMachine ?? normal,
    registry: {
      mirrors: new Map([['registry.ollama.ai', registry.origin]]),
      huggingFace: { endpoint: hub.origin },
    },
  })
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload })
  const pull = async (model: string): Promise<string[]> => {
    const lines = (await post('/api/pull', { model })).body.trim().split('\n')
    return lines.map((line) => JSON.parse(line)).map(({ status, error }) => status ?? `error: ${error}`)
  }
  const installed = async (): Promise<string[]> =>
    (await app.inject('/api/tags')).json().models.map(({ name }: { name: string }) => name)
  /** What a name stands for. */
  const stored = (name: string) => readFile(manifestPathOf(modelsFolder, name))
  return { app, registry, hub, free, manifests, post, pull, installed, stored }
}

/** What a pull says it has chosen, with memory falling from one to the next, each once. */
async function chosenAsMemoryFalls(
  { free, pull }: Pick<Awaited<ReturnType<typeof setting>>, 'free' | 'pull'>,
  name: string,
  { from, step }: { from: number; step: number },
): Promise<string[]> {
  const chosen = new Set<string>()
  for (let bytes = from; bytes > 0; bytes -= step) {
    free.bytes = bytes
    const lines = await pull(name)
    const said = lines.map((line) => /^(\S+) suits this machine best/.exec(line)?.[1]).find(Boolean)
    if (said === undefined) break
    chosen.add(said)
  }
  return [...chosen]
}

describe('a pull without a tag', () => {
  test('says first what suits the machine, and the bare name stands for it afterwards', async () => {
    const { pull, installed, stored, manifests, post } = await setting()
    const [verdict, why, ...steps] = await pull('tinyllama')
    expect(verdict).toMatch(
      /^tinyllama:1\.1b-chat-v1-q8_0 suits this machine best: all on CPU, \d.* tokens\/s, \d+ tokens of context, quality Near Perfect; about 1\.1 GiB to download$/,
    )
    expect(why).toMatch(/^all on CPU: 0\.0 GiB on the GPU, 1\.\d GiB in main memory\./)
    expect(steps[0]).toBe('pulling manifest')
    expect(steps.at(-1)).toBe('success')
    expect(steps.filter((step) => step === 'success')).toHaveLength(1)
    expect((await installed()).sort()).toEqual([FULL, 'tinyllama:latest'])
    for (const name of [FULL, 'tinyllama:latest']) expect(await stored(name)).toEqual(manifests.get(FULL))
    expect((await post('/api/show', { model: 'tinyllama' })).statusCode).toBe(200)
  })

  test('takes lesser quantizations as memory falls', async () => {
    const { stored, manifests, ...setup } = await setting()
    const names = await chosenAsMemoryFalls(setup, 'tinyllama', { from: 1800 * MIB, step: 60 * MIB })
    expect(names[0]).toBe(FULL)
    expect(names.length).toBeGreaterThan(2)
    const losses = names.map((name) => {
      const { fileType } = OFFERS.find((offer) => offer.name === name) ?? expect.unreachable()
      return divergenceOf({ fileType, isNative: false })
    })
    expect(losses).toEqual(losses.toSorted((a, b) => a - b))
    // The last pull found nothing that fits.
    expect(await stored('tinyllama:latest')).toEqual(manifests.get('tinyllama:latest'))
    expect(await stored(names.at(-1) ?? '')).toEqual(manifests.get(names.at(-1) ?? ''))
  })

  test('takes the size that latest is, and a smaller one where that does not fit', async () => {
    const names = ['qwen3:8b-q4_K_M', 'qwen3:4b-q8_0', 'qwen3:4b-q4_K_M', 'qwen3:latest']
    const { free, pull, stored, manifests } = await setting({ names })
    await pull('qwen3')
    expect(await stored('qwen3')).toEqual(manifests.get('qwen3:8b-q4_K_M'))
    free.bytes = 4 * GIB
    await pull('qwen3')
    expect(await stored('qwen3')).toEqual(manifests.get('qwen3:4b-q4_K_M'))
  })

  test('keeps what is installed while another gains too little', async () => {
    const { app, free, post, pull } = await setting()
    const installed = 'tinyllama:1.1b-chat-v1-q5_K_S'
    free.bytes = 950 * MIB
    expect((await pull('tinyllama'))[0]).toContain('q5_K_M suits')
    await post('/api/copy', { source: 'tinyllama', destination: installed })
    for (const model of ['tinyllama', 'tinyllama:1.1b-chat-v1-q5_K_M']) {
      await app.inject({ method: 'DELETE', url: '/api/delete', payload: { model } })
    }
    expect((await pull('tinyllama'))[0]).toMatch(/q5_K_S suits .*, installed already$/)
    free.bytes = 2 * GIB
    expect((await pull('tinyllama'))[0]).toMatch(/q8_0 suits .* to download$/)
  })

  test('goes on with latest where nothing fits, and says so', async () => {
    const { free, pull, installed, stored, manifests } = await setting()
    free.bytes = MIB
    const [why, rest, ...steps] = await pull('tinyllama')
    expect(why).toMatch(/^nothing of tinyllama fits this machine: Not even \S+ with \d+ tokens .* fits: /)
    expect(rest).toBe('pulling tinyllama:latest all the same')
    expect(steps[0]).toBe('pulling manifest')
    expect(steps.at(-1)).toBe('success')
    expect(await installed()).toEqual(['tinyllama:latest'])
    expect(await stored('tinyllama')).toEqual(manifests.get('tinyllama:latest'))
  })

  test.each([
    ['breaks', () => Promise.reject(new Error('no driver')), 'no driver'],
    ['hangs', () => new Promise<never>(() => {}), 'it has not told within 0.2 s'],
  ])('goes on with latest where reading the machine %s', async (_, readMachine, why) => {
    const { pull, stored, manifests } = await setting({ readMachine })
    const lines = await pull('tinyllama')
    expect(lines.slice(0, 2)).toEqual([
      `what fits this machine cannot be told: the machine cannot be read (${why}); pulling tinyllama:latest`,
      'pulling manifest',
    ])
    expect(lines.at(-1)).toBe('success')
    expect(await stored('tinyllama')).toEqual(manifests.get('tinyllama:latest'))
  })

  test('goes on with latest where the registry does not have the tag', async () => {
    const { pull, stored, manifests } = await setting({ names: ['tinyllama:latest'] })
    const lines = await pull('tinyllama')
    expect(lines).toContain(`${FULL} is not to be had: pulling tinyllama:latest`)
    expect(lines.at(-1)).toBe('success')
    expect(await stored('tinyllama')).toEqual(manifests.get('tinyllama:latest'))
  })

  test('says nothing of a model that is not known here', async () => {
    const { pull, installed } = await setting({ names: ['unheard-of:latest', 'deepseek-r1:latest'] })
    for (const name of ['unheard-of', 'deepseek-r1']) {
      expect((await pull(name))[0]).toBe('pulling manifest')
      expect(await installed()).toContain(`${name}:latest`)
    }
  })

  test('answers success alone when it is not streamed', async () => {
    const { post } = await setting()
    const reply = await post('/api/pull', { model: 'tinyllama', stream: false })
    expect(reply.json()).toEqual({ status: 'success' })
  })

  test('is what a model is made from that is not installed', async () => {
    const { post, stored, manifests } = await setting()
    const reply = await post('/api/create', { model: 'mine', from: 'tinyllama' })
    expect(reply.body).toContain(`${FULL} suits this machine best`)
    expect(reply.body).toMatch(/"success"\}\s*$/)
    expect(await stored('tinyllama')).toEqual(manifests.get(FULL))
  })
})

describe('a pull with the tag auto', () => {
  test('leaves latest alone, and the name with auto is found afterwards', async () => {
    const { pull, installed, post } = await setting()
    expect((await pull('tinyllama:auto')).at(-1)).toBe('success')
    expect(await installed()).toEqual([FULL])
    expect((await post('/api/show', { model: 'tinyllama:auto' })).statusCode).toBe(200)
    expect((await post('/api/show', { model: 'tinyllama' })).statusCode).toBe(404)
  })

  test('takes the largest size that runs well, where the bare name keeps to the usual one', async () => {
    const tags = ['27b-it-q4_K_M', '12b-it-q4_K_M', '4b-it-q8_0', 'latest']
    const { free, pull, installed } = await setting({ names: tags.map((tag) => `gemma3:${tag}`) })
    free.bytes = 10 * GIB
    await pull('gemma3:auto')
    expect(await installed()).toEqual(['gemma3:12b-it-q4_K_M'])
    await pull('gemma3')
    expect(await installed()).toContain('gemma3:4b-it-q8_0')
  })

  test('is a tag like any other where the model is not known here', async () => {
    const { pull } = await setting({ names: ['unheard-of:latest'] })
    expect(await pull('unheard-of:auto')).toEqual([
      'pulling manifest',
      'error: pull model manifest: file does not exist',
    ])
  })
})

describe('a pull with a tag that somebody wrote', () => {
  test('is of this tag, latest too, without a word where it fits', async () => {
    const { pull, installed, stored, manifests } = await setting()
    expect((await pull('tinyllama:latest'))[0]).toBe('pulling manifest')
    expect(await installed()).toEqual(['tinyllama:latest'])
    expect(await stored('tinyllama')).toEqual(manifests.get('tinyllama:latest'))
    expect((await pull('tinyllama:1.1b-chat-v1-q2_K'))[0]).toBe('pulling manifest')
  })

  test.each(['tinyllama:latest', FULL])('goes on where %s does not fit, and says so first', async (name) => {
    const { free, pull, stored, manifests } = await setting()
    free.bytes = MIB
    const [warning, next, ...steps] = await pull(name)
    expect(warning).toMatch(new RegExp(`^${name} does not fit this machine: Not even `))
    expect(next).toBe('pulling manifest')
    expect(steps.at(-1)).toBe('success')
    expect(await stored(name)).toEqual(manifests.get(name))
  })

  test('names what would fit in its place', async () => {
    const { free, pull } = await setting({ names: ['qwen3:14b-q8_0', 'qwen3:14b'] })
    free.bytes = 11 * GIB
    expect((await pull('qwen3:14b-q8_0'))[0]).toMatch(/ does not fit .* qwen3:14b-q4_K_M would\.$/)
    free.bytes = 6 * GIB
    expect((await pull('qwen3:14b'))[0]).toMatch(/^qwen3:14b does not fit .* qwen3:8b-q4_K_M would\.$/)
  })
})

const WIDTH = 1024
const TYPES = { Q8_0: ['Q8_0', 7], Q6_K: ['Q6_K', 18], Q4_K_M: ['Q4_K', 15] } as const

/** A file of one network of a hundred million weights, in a type of blocks. */
function hubFile(name: keyof typeof TYPES): Buffer {
  const [type, fileType] = TYPES[name]
  const matrix = (of: string, wide = 1): GgufTensor => ({ name: of, type, shape: [WIDTH, wide * WIDTH] })
  return writeGguf({
    metadata: {
      ...SMALL_LLAMA,
      'general.file_type': u32(fileType),
      'llama.context_length': u32(4096),
      'llama.embedding_length': u32(WIDTH),
      'llama.block_count': u32(1),
      'llama.feed_forward_length': u32(4 * WIDTH),
      'llama.attention.head_count': u32(16),
      'llama.attention.head_count_kv': u32(1),
    },
    tensors: [
      { name: 'token_embd.weight', type, shape: [WIDTH, 8] },
      matrix('blk.0.attn_q.weight'),
      matrix('blk.0.attn_output.weight'),
      matrix('blk.0.ffn_up.weight', 4),
      matrix('blk.0.ffn_gate.weight', 4),
    ],
  })
}

describe('a repository of Hugging Face', () => {
  async function repository() {
    const all = await setting()
    for (const name of ['Q8_0', 'Q6_K', 'Q4_K_M'] as const) all.hub.add(`model-${name}.gguf`, hubFile(name))
    return all
  }

  test('gives the file that suits the machine, under its tag and without one', async () => {
    const { pull, installed, stored } = await repository()
    const [first, verdict, ...steps] = await pull('hf.co/u/R')
    expect(first).toBe('looking for what fits this machine in hf.co/u/R')
    expect(verdict).toMatch(/^hf\.co\/u\/R:Q8_0 suits this machine best: all on CPU, .* to download$/)
    expect(steps.at(-1)).toBe('success')
    expect((await installed()).sort()).toEqual(['hf.co/u/R:Q8_0', 'hf.co/u/R:latest'])
    expect(await stored('hf.co/u/R:latest')).toEqual(await stored('hf.co/u/R:Q8_0'))
  })

  test('gives lesser files as memory falls', async () => {
    const { free, post, pull, installed } = await repository()
    const fit = (await post('/api/fit', { model: 'hf.co/u/R' })).json()
    const needs = new Map<string, number>(
      fit.rows.map(({ name, ram }: { name: string; ram: number }) => [name, ram]),
    )
    for (const type of Object.keys(TYPES)) {
      const name = `hf.co/u/R:${type}`
      free.bytes = (needs.get(name) ?? 0) + MIB
      expect((await pull('hf.co/u/R:auto'))[1]).toMatch(`${name} suits this machine best`)
    }
    expect((await installed()).sort()).toEqual([...needs.keys()].sort())
  })

  test('gives what it always gave where nothing fits', async () => {
    const { free, pull, installed } = await repository()
    free.bytes = 1
    const lines = await pull('hf.co/u/R')
    expect(lines).toContain('no quantization named: pulling Q4_K_M')
    expect(lines[1]).toMatch(/^nothing of hf\.co\/u\/R fits this machine: /)
    expect(await installed()).toEqual(['hf.co/u/R:latest'])
  })

  test('gives the file that is named, with a warning where it does not fit', async () => {
    const { free, pull, installed } = await repository()
    const looking = 'looking whether hf.co/u/R:Q4_K_M fits this machine'
    expect((await pull('hf.co/u/R:Q4_K_M')).slice(0, 2)).toEqual([looking, 'pulling manifest'])
    free.bytes = 1
    expect((await pull('hf.co/u/R:Q8_0'))[1]).toMatch(/^hf\.co\/u\/R:Q8_0 does not fit this machine: /)
    expect((await installed()).sort()).toEqual(['hf.co/u/R:Q4_K_M', 'hf.co/u/R:Q8_0'])
  })

  test('that is not there is refused as ever', async () => {
    const { pull } = await setting()
    const lines = await pull('hf.co/u/R')
    expect(lines.at(-1)).toBe('error: pull model manifest: hf.co/u/R has no GGUF model')
  })
})
