/** A converted file says of the model what config.json and the tokenizer's files say. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { convertSafetensors } from '../../../engine/convert/convert.ts'
import { convertFiles } from '../../../engine/convert/convert-files.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import {
  byteCharacters,
  byteLevelTokenizer,
  type HfConfig,
  modelContents,
  randomWeights,
  sourceFiles,
  TINY,
  TOKENIZER_CONFIG,
} from '../../helpers/hf-model.ts'
import { outputOf, planFor, requestFor, runnerFor } from '../../helpers/runner.ts'
import { safetensors } from '../../helpers/safetensors.ts'

const CONFIG: HfConfig = { ...TINY, num_hidden_layers: 1 }
const WEIGHTS = randomWeights(CONFIG, 'BF16')
const CONTENTS = modelContents(CONFIG, WEIGHTS, 'BF16')

/** The header of what some files become. */
async function headerOf(contents: Record<string, string | Uint8Array | object>) {
  const folder = await tempFolder()
  const files = await sourceFiles(folder, contents)
  const to = join(folder, 'model.gguf')
  await convertFiles(files, to, () => {})
  return readGgufFile(to)
}

test('a model in two files becomes one that generates text, and progress goes up to 1', async () => {
  const folder = await tempFolder()
  const entries = [...WEIGHTS]
  const { 'model.safetensors': _, ...rest } = CONTENTS
  const files = await sourceFiles(folder, {
    ...rest,
    'model-00001-of-00002.safetensors': safetensors(new Map(entries.slice(0, 5)), 'BF16'),
    'model-00002-of-00002.safetensors': safetensors(new Map(entries.slice(5)), 'BF16'),
    'model.safetensors.index.json': { weight_map: { 'lm_head.weight': 'model-00002-of-00002.safetensors' } },
    // The same weights as their makers name them.
    'consolidated.safetensors': safetensors(new Map(entries.slice(0, 1)), 'BF16'),
  })
  const to = join(folder, 'model.gguf')
  const progress: number[] = []
  await convertSafetensors(files, to, {
    signal: new AbortController().signal,
    onProgress: (fraction) => progress.push(fraction),
  })
  expect(progress.length).toBeGreaterThan(3)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(progress.at(-1)).toBe(1)
  expect((await readdir(folder)).filter((name) => name.startsWith('tmp-'))).toEqual([])

  const runner = await runnerFor(planFor(to, { contextLength: 64 }))
  const prompt = await runner.tokenize('hello', { special: false, bos: false })
  const { end } = await outputOf(
    runner,
    requestFor(prompt, { maxTokens: 4, returnTokens: true, shift: false }),
  )
  expect(end.tokenIds).toHaveLength(4)
})

test('a conversion that is cancelled leaves no file', async () => {
  const folder = await tempFolder()
  const files = await sourceFiles(folder, CONTENTS)
  const to = join(folder, 'model.gguf')
  const stop = new AbortController()
  const work = convertSafetensors(files, to, { signal: stop.signal, onProgress: () => stop.abort() })
  await expect(work).rejects.toMatchObject({ code: 'cancelled' })
  await expect(convertSafetensors(files, to, { signal: stop.signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect((await readdir(folder)).sort()).toEqual([...files.keys()].sort())
})

test('a refused source is refused with its reason and leaves no file', async () => {
  const folder = await tempFolder()
  const files = await sourceFiles(folder, { ...CONTENTS, 'config.json': '{}' })
  const to = join(folder, 'model.gguf')
  const work = convertSafetensors(files, to, { signal: new AbortController().signal })
  await expect(work).rejects.toMatchObject({
    code: 'convert_failed',
    message: /config.json: .*architectures/s,
  })
  await expect(
    convertSafetensors(new Map([['config.json', join(folder, 'none')]]), to, {
      signal: new AbortController().signal,
    }),
  ).rejects.toMatchObject({ code: 'convert_failed', message: /ENOENT/ })
  expect((await readdir(folder)).sort()).toEqual([...files.keys()].sort())
})

test('matrices keep their type and vectors become F32', async () => {
  const { tensors, metadata } = await headerOf(CONTENTS)
  const typeOf = (name: string) => tensors.find((tensor) => tensor.name === name)?.type
  expect(typeOf('token_embd.weight')).toBe('BF16')
  expect(typeOf('blk.0.attn_q.weight')).toBe('BF16')
  expect(typeOf('blk.0.attn_norm.weight')).toBe('F32')
  expect(metadata.get('general.file_type')).toBe(32)
  expect(tensors.find(({ name }) => name === 'blk.0.attn_k.weight')?.shape).toEqual([32, 32])
  expect(tensors.find(({ name }) => name === 'blk.0.ffn_up.weight')?.shape).toEqual([32, 48])
})

test('the shape and the name of a model are in its metadata', async () => {
  const { metadata } = await headerOf({
    ...CONTENTS,
    'config.json': { ...CONFIG, _name_or_path: 'makers/Tiny-Model 1' },
  })
  const found = Object.fromEntries([...metadata].filter(([, value]) => typeof value !== 'object'))
  expect(found).toMatchObject({
    'general.architecture': 'llama',
    'general.type': 'model',
    'general.name': 'Tiny-Model 1',
    'general.size_label': '28K',
    'llama.block_count': 1,
    'llama.context_length': 512,
    'llama.embedding_length': 32,
    'llama.feed_forward_length': 48,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'llama.attention.key_length': 16,
    'llama.attention.value_length': 16,
    'llama.rope.dimension_count': 16,
    'llama.rope.freq_base': 10_000,
    'llama.vocab_size': 272,
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'qwen2',
    'tokenizer.ggml.bos_token_id': 256,
    'tokenizer.ggml.eos_token_id': 257,
    'tokenizer.ggml.add_bos_token': false,
    'tokenizer.ggml.add_eos_token': false,
  })
})

test('thousands of rows without a token are padded, and every token keeps its place', async () => {
  const config = { ...CONFIG, vocab_size: 6000 }
  const { metadata } = await headerOf(modelContents(config, randomWeights(config)))
  const tokens = metadata.get('tokenizer.ggml.tokens')
  const padding = Array.from({ length: 6000 - 258 }, (_, i) => `[PAD${258 + i}]`)
  expect(typeof tokens === 'object' && tokens.toArray()).toEqual([
    ...byteCharacters(),
    '<|begin|>',
    '<|end|>',
    ...padding,
  ])
})

test('positions as transformers 5 writes them give the same model', async () => {
  const { rope_theta: _, ...config } = CONFIG
  const { metadata } = await headerOf({
    ...CONTENTS,
    'config.json': { ...config, rope_parameters: { rope_type: 'default', rope_theta: 500_000 } },
  })
  expect(metadata.get('llama.rope.freq_base')).toBe(500_000)
})

test('Mistral with a window has a context no longer than that', async () => {
  const windowed = { ...CONFIG, architectures: ['MistralForCausalLM'], sliding_window: 100 }
  const { metadata } = await headerOf({ ...CONTENTS, 'config.json': windowed })
  expect(metadata.get('llama.context_length')).toBe(100)
})

test('every token that ends an answer is told, each with its part', async () => {
  const special = ['<|begin|>', '<|end|>', '<|eot_id|>', '<|eom_id|>']
  const { metadata } = await headerOf({
    ...CONTENTS,
    'tokenizer.json': byteLevelTokenizer([], special),
    'generation_config.json': { bos_token_id: -1, eos_token_id: [257, 259, 258, 9999] },
  })
  expect(metadata.get('tokenizer.ggml.eos_token_id')).toBe(257)
  expect(metadata.get('tokenizer.ggml.eot_token_id')).toBe(258)
  expect(metadata.get('tokenizer.ggml.eom_token_id')).toBe(259)
})

test.each<[string, Record<string, string | object>, Record<string, string>]>([
  [
    'tokenizer_config.json',
    { 'tokenizer_config.json': { ...TOKENIZER_CONFIG, chat_template: 'A' } },
    { 'tokenizer.chat_template': 'A' },
  ],
  [
    'a file of its own, which wins',
    { 'tokenizer_config.json': { ...TOKENIZER_CONFIG, chat_template: 'A' }, 'chat_template.jinja': 'B' },
    { 'tokenizer.chat_template': 'B' },
  ],
  [
    'a list with names',
    {
      'tokenizer_config.json': {
        ...TOKENIZER_CONFIG,
        chat_template: [
          { name: 'default', template: 'A' },
          { name: 'Tool-Use', template: 'C' },
        ],
      },
    },
    { 'tokenizer.chat_template': 'A', 'tokenizer.chat_template.tool_use': 'C' },
  ],
])('the chat template comes from %s', async (_, files, expected) => {
  const { metadata } = await headerOf({ ...CONTENTS, ...files })
  expect(Object.fromEntries(metadata)).toMatchObject(expected)
})

test('a file that is there already stays as it is when conversion is refused', async () => {
  const folder = await tempFolder()
  const to = join(folder, 'model.gguf')
  await writeFile(to, 'mine')
  const work = convertSafetensors(new Map(), to, { signal: new AbortController().signal })
  await expect(work).rejects.toMatchObject({ message: 'unable to convert the model: config.json is missing' })
  expect(await readFile(to, 'utf8')).toBe('mine')
})
