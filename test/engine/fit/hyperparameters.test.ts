import { describe, expect, test } from 'vitest'
import { hyperparametersOf, recipeModelOf } from '../../../engine/fit/hyperparameters.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { array, bool, type GgufTensor, type GgufValue, str, u32, writeGguf } from '../../helpers/gguf.ts'

/** A header of 12 layers with 2 KV heads of 16, and what else is given. */
function header(family: string, own: Record<string, GgufValue>, tensors: GgufTensor[] = []) {
  const base = {
    block_count: u32(12),
    embedding_length: u32(64),
    feed_forward_length: u32(128),
    'attention.head_count': u32(4),
    'attention.head_count_kv': u32(2),
  }
  const keys = Object.entries({ ...base, ...own }).map(([key, value]) => [`${family}.${key}`, value])
  const metadata = { 'general.architecture': str(family), ...Object.fromEntries(keys) }
  return parseGguf(writeGguf({ metadata, tensors, headerOnly: true }))
}

const memoryOf = (...args: Parameters<typeof header>) => hyperparametersOf(header(...args))?.memory ?? []
/** A letter a layer: attention to all, a window of it, a state, or nothing. */
const kinds = (...args: Parameters<typeof header>): string =>
  memoryOf(...args)
    .map(({ keyValues, isSliding, stateValues }) => {
      if (keyValues === 0) return stateValues > 0 ? 's' : '-'
      return stateValues > 0 ? 'b' : isSliding ? 'w' : 'a'
    })
    .join('')

const WINDOW = { 'attention.sliding_window': u32(512) }
const SSM = {
  'ssm.conv_kernel': u32(4),
  'ssm.inner_size': u32(128),
  'ssm.state_size': u32(16),
  'ssm.group_count': u32(1),
}
const KV_HEADS_OF_THREE = array('uint32', [0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2])
const flags = (letters: string) =>
  array(
    'bool',
    Array.from(letters, (letter) => letter === 'w'),
  )

test.each<[string, string, Record<string, GgufValue>, string]>([
  ['llama sees everything', 'llama', {}, 'aaaaaaaaaaaa'],
  ['a window that llama.cpp does not use is none', 'qwen2', WINDOW, 'aaaaaaaaaaaa'],
  ['Gemma 2 slides in every other layer', 'gemma2', {}, 'wawawawawawa'],
  ['Gemma 3 slides in five of six layers', 'gemma3', WINDOW, 'wwwwwawwwwwa'],
  ['Llama 4 slides in three of four layers', 'llama4', {}, 'wwwawwwawwwa'],
  [
    'a file may say how often a layer sees everything',
    'cohere2',
    { ...WINDOW, 'attention.sliding_window_pattern': u32(3) },
    'wwawwawwawwa',
  ],
  [
    'a file may say which layers slide',
    'gemma4',
    { ...WINDOW, 'attention.sliding_window_pattern': flags('wwwwwawawwwa') },
    'wwwwwawawwwa',
  ],
  [
    'layers that share a cache have none of their own',
    'gemma4',
    { 'attention.shared_kv_layers': u32(4) },
    'aaaaaaaa----',
  ],
  ['encoders keep nothing', 'bert', { 'attention.causal': bool(false) }, '------------'],
  [
    'layers that predict further tokens do not run',
    'deepseek2',
    { nextn_predict_layers: u32(1) },
    'aaaaaaaaaaa',
  ],
  ['Qwen3-Next has a state in three of four layers', 'qwen3next', SSM, 'sssasssasssa'],
  [
    'a file may say how often a layer has attention',
    'qwen35',
    { ...SSM, full_attention_interval: u32(6) },
    'sssssasssssa',
  ],
  [
    'Jamba has a state where it has no KV heads',
    'jamba',
    { ...SSM, 'attention.head_count_kv': KV_HEADS_OF_THREE },
    'sssasssasssa',
  ],
  [
    'Nemotron-H has layers that keep nothing',
    'nemotron_h',
    {
      ...SSM,
      'attention.head_count_kv': KV_HEADS_OF_THREE,
      feed_forward_length: array('uint32', [0, 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0]),
    },
    's-sas-sas-sa',
  ],
  ['Mamba has nothing but states', 'mamba', { ...SSM, 'attention.head_count_kv': u32(0) }, 'ssssssssssss'],
  ['Falcon-H1 has both everywhere', 'falcon-h1', SSM, 'bbbbbbbbbbbb'],
])('%s', (_, family, own, letters) => {
  expect(kinds(family, own)).toBe(letters)
})

describe('what a layer keeps', () => {
  const first = (...args: Parameters<typeof header>) => memoryOf(...args)[0]

  test('is a key and a value for each KV head', () => {
    expect(first('llama', {})).toMatchObject({ keyValues: 32, valueValues: 32 })
  })

  test('is of other lengths where the layer slides and the file says so', () => {
    const own = { ...WINDOW, 'attention.key_length': u32(64), 'attention.key_length_swa': u32(32) }
    expect(memoryOf('gemma3', own).map(({ keyValues }) => keyValues)).toEqual([
      ...[64, 64, 64, 64, 64, 128],
      ...[64, 64, 64, 64, 64, 128],
    ])
  })

  test('is one compressed row in files with latent attention', () => {
    const own = {
      'attention.head_count_kv': u32(1),
      'attention.key_length': u32(576),
      'attention.value_length': u32(512),
      'attention.key_length_mla': u32(192),
      'attention.kv_lora_rank': u32(512),
      'rope.dimension_count': u32(64),
    }
    expect(first('deepseek2', own)).toMatchObject({ keyValues: 576, valueValues: 0 })
    expect(hyperparametersOf(header('deepseek2', own))?.latent).toEqual({
      rank: 512,
      keyLength: 192,
      ropeLength: 64,
    })
  })

  test.each<[string, string, Record<string, GgufValue>, number]>([
    ['a convolution and a state space', 'mamba', SSM, 3 * (128 + 2 * 16) + 16 * 128],
    ['two shifted tokens and a matrix', 'rwkv7', { 'wkv.head_size': u32(32) }, 64 * (2 + 32)],
    ['the inputs of a short convolution', 'lfm2', { 'shortconv.l_cache': u32(3) }, 64 * 2],
  ])('in a recurrent layer is %s', (_, family, own, values) => {
    const recurrent = { ...own, 'attention.head_count_kv': u32(0) }
    expect(first(family, recurrent)?.stateValues).toBe(values)
  })
})

test('the vocabulary is as large as the table of tokens', () => {
  const tensors: GgufTensor[] = [{ name: 'token_embd.weight', type: 'F16', shape: [64, 1000] }]
  expect(hyperparametersOf(header('llama', { vocab_size: u32(999) }, tensors))?.vocabularySize).toBe(1000)
})

test('a mixture of experts has a dense network only where a layer has one', () => {
  const own = { expert_count: u32(8), expert_used_count: u32(2) }
  const layer = (name: string): GgufTensor => ({ name, type: 'F16', shape: [64, 128] })
  const mixed = hyperparametersOf(header('llama', own, [layer('blk.0.ffn_up.weight')]))
  const pure = hyperparametersOf(header('llama', own))
  expect([mixed?.feedForwardLength, pure?.feedForwardLength]).toEqual([128, 0])
  expect(pure?.experts).toEqual({ used: 2, feedForwardLength: 128 })
})

test('a header without layers says nothing', () => {
  expect(hyperparametersOf(parseGguf(writeGguf({ headerOnly: true })))).toBeUndefined()
})

test('recipes go by the heads of the first layer', () => {
  const own = {
    'attention.head_count_kv': KV_HEADS_OF_THREE,
    expert_count: u32(8),
    expert_used_count: u32(2),
  }
  expect(recipeModelOf(header('jamba', own))).toEqual({
    architecture: 'jamba',
    layers: 12,
    heads: 4,
    kvHeads: 0,
    experts: 8,
  })
})
