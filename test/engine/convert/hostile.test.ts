/** What is wrong with a source is said by name, and no file is written. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { convertFiles } from '../../../engine/convert/convert-files.ts'
import { SAFETENSORS_LIMITS } from '../../../engine/convert/safetensors.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import {
  byteLevelTokenizer,
  type HfConfig,
  modelContents,
  randomWeights,
  sourceFiles,
  TINY,
  TOKENIZER_CONFIG,
} from '../../helpers/hf-model.ts'
import { rawSafetensors, safetensors } from '../../helpers/safetensors.ts'
import { byteFallbackTokenizer, piecesFor, sentencePieceModel } from '../../helpers/sentencepiece.ts'

const CONFIG: HfConfig = { ...TINY, num_hidden_layers: 1 }
const WEIGHTS = randomWeights(CONFIG)
type Contents = Record<string, string | Uint8Array | object | undefined>

/** Converts a good model with some files changed or, as undefined, left out. */
async function refusal(change: Contents): Promise<string> {
  const folder = await tempFolder()
  const contents: Contents = { ...modelContents(CONFIG, WEIGHTS), ...change }
  const given = Object.entries(contents).filter(([, content]) => content !== undefined)
  const files = await sourceFiles(folder, Object.fromEntries(given) as Record<string, object>)
  const to = join(folder, 'model.gguf')
  try {
    await convertFiles(files, to, () => {})
  } catch (error) {
    expect(error).toMatchObject({ code: 'convert_failed' })
    expect(existsSync(to)).toBe(false)
    return error instanceof Error ? error.message : ''
  }
  return 'converted'
}

test('the model that the cases below break is a good one', async () => {
  expect(await refusal({})).toBe('converted')
})

const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: offsets,
})
const raw = (header: object | string, bytes = 8) =>
  rawSafetensors(typeof header === 'string' ? header : JSON.stringify(header), new Uint8Array(bytes))

test.each<[string, Uint8Array, RegExp]>([
  ['nothing in it', new Uint8Array(0), /it has only 0 bytes/],
  [
    'a header beyond its end',
    rawSafetensors('{}', new Uint8Array(0), 100n),
    /claims 100 bytes, the file has 10/,
  ],
  [
    'a header of 2^63 bytes',
    rawSafetensors('{}', new Uint8Array(0), 2n ** 63n),
    /claims 9223372036854775808 bytes/,
  ],
  [
    'a header beyond the limit',
    rawSafetensors('{}', new Uint8Array(0), BigInt(SAFETENSORS_LIMITS.headerBytes + 1)),
    /33554433 bytes; 33554432 are read/,
  ],
  ['no JSON', raw('{"a":'), /header is not a JSON object/],
  ['a list', raw('[]'), /header is not a JSON object/],
  ['spaces in front of the header', raw('  {}'), /header is not a JSON object/],
  ['data that no tensor explains', raw({}), /its tensors end at byte 10, the file has 18/],
  ['a hole', raw({ a: entry([1], [4, 8]) }), /"a" leaves a hole in front/],
  ['an overlap', raw({ a: entry([2], [0, 8]), b: entry([1], [4, 8]) }), /"b" overlaps the one before/],
  [
    'the same data twice',
    raw({ a: entry([2], [0, 8]), b: entry([2], [0, 8]) }),
    /"b" overlaps the one before/,
  ],
  [
    'a tensor beyond the end',
    raw({ a: entry([3], [0, 12]) }),
    /its tensors end at byte \d+, the file has \d+/,
  ],
  ['offsets backwards', raw({ a: entry([1], [8, 4]) }), /cannot have -4 bytes/],
  ['a negative offset', raw({ a: entry([1], [-4, 0]) }), /"a" is not described as the format asks/],
  ['a fraction of an offset', raw({ a: entry([1], [0.5, 4.5]) }), /"a" is not described/],
  ['three offsets', raw({ a: entry([1], [0, 4, 8]) }), /"a" is not described/],
  ['a negative dimension', raw({ a: entry([-2], [0, 8]) }), /"a" is not described/],
  ['a shape that is too small', raw({ a: entry([1], [0, 8]) }), /shape \[1\] cannot have 8 bytes/],
  ['a shape whose product overflows', raw({ a: entry([2 ** 40, 2 ** 40], [0, 8]) }), /cannot have 8 bytes/],
  ['nine dimensions', raw({ a: entry([1, 1, 1, 1, 1, 1, 1, 1, 2], [0, 8]) }), /"a" is not described/],
  ['an unknown type', raw({ a: entry([2], [0, 8], 'Q4') }), /"a" has the unknown type "Q4"/],
  ['a long name', raw({ ['a'.repeat(600)]: entry([2], [0, 8]) }), /is too long/],
  [
    'a name that is a prototype',
    raw('{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'),
    /the file has/,
  ],
])('a safetensors file with %s is refused', async (_, bytes, reason) => {
  const message = await refusal({ 'model.safetensors': bytes })
  expect(message).toMatch(
    /^unable to convert the model: "model.safetensors" is not a valid safetensors file: /,
  )
  expect(message).toMatch(reason)
})

const without = (name: string) => new Map([...WEIGHTS].filter(([key]) => key !== name))
const withTensor = (name: string, shape: number[]) =>
  new Map(WEIGHTS).set(name, { shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) })
const fp8 = rawSafetensors(
  JSON.stringify({ 'model.embed_tokens.weight': entry([272, 32], [0, 272 * 32], 'F8_E4M3') }),
  new Uint8Array(272 * 32),
)
const index = (file: string) => ({ weight_map: { 'lm_head.weight': file } })

test.each<[string, Contents, RegExp]>([
  ['no weights', { 'model.safetensors': undefined }, /it has no safetensors files/],
  [
    'a missing tensor',
    { 'model.safetensors': safetensors(without('model.layers.0.mlp.up_proj.weight')) },
    /the tensor "model.layers.0.mlp.up_proj.weight" is missing/,
  ],
  [
    'a tensor without a place',
    { 'model.safetensors': safetensors(withTensor('model.layers.1.mlp.up_proj.weight', [48, 32])) },
    /the tensor "model.layers.1.mlp.up_proj.weight" has no place in llama/,
  ],
  [
    'a tensor of another shape',
    { 'model.safetensors': safetensors(withTensor('model.norm.weight', [31])) },
    /"model.norm.weight" has the shape \[31\], config.json asks for \[32\]/,
  ],
  [
    'an adapter instead of weights',
    {
      'model.safetensors': undefined,
      'adapter_model.safetensors': safetensors(new Map()),
      'adapter_config.json': {},
    },
    /adapters \(adapter_config.json\) cannot be converted/,
  ],
  [
    'weights in FP8',
    { 'model.safetensors': fp8 },
    /"model.embed_tokens.weight" is of type F8_E4M3; only F32, F16 and BF16/,
  ],
  [
    'a tensor in two files',
    { 'model-2.safetensors': safetensors(new Map([...WEIGHTS].slice(0, 1))) },
    /the tensor "model.embed_tokens.weight" comes twice/,
  ],
  [
    'an index that names a missing file',
    { 'model.safetensors.index.json': index('model-9.safetensors') },
    /the file "model-9.safetensors", which model.safetensors.index.json names, is missing/,
  ],
])('a source with %s is refused', async (_, change, reason) => {
  expect(await refusal(change)).toMatch(reason)
})

const config = (change: object) => ({ 'config.json': { ...CONFIG, ...change } })
test.each<[string, Contents, RegExp]>([
  ['no config.json', { 'config.json': undefined }, /config.json is missing/],
  ['a config.json that is no JSON', { 'config.json': '{' }, /config.json is not valid JSON/],
  ['no width', config({ hidden_size: undefined }), /config.json: .*hidden_size/s],
  ['a width of 2^40', config({ hidden_size: 2 ** 40 }), /config.json: .*hidden_size/s],
  ['a million layers', config({ num_hidden_layers: 1e6 }), /config.json: .*num_hidden_layers/s],
  [
    'another architecture',
    config({ architectures: ['MambaForCausalLM'] }),
    /the architecture "MambaForCausalLM" cannot be imported; these can: LlamaForCausalLM/,
  ],
  [
    'weights that are quantized',
    config({ quantization_config: { quant_method: 'fp8' } }),
    /quantized already \("fp8"\)/,
  ],
  ['another activation', config({ hidden_act: 'relu' }), /the activation "relu" cannot/],
  [
    'heads that cannot be shared',
    config({ num_key_value_heads: 3 }),
    /4 attention heads cannot share 3 key-value heads/,
  ],
  ['heads of odd length', config({ head_dim: 15 }), /attention heads cannot have a length of 15/],
  [
    'dynamic positions',
    config({ rope_scaling: { rope_type: 'dynamic', factor: 2 } }),
    /rope scaling of type "dynamic" cannot/,
  ],
  ['a scaling without a factor', config({ rope_scaling: { type: 'linear' } }), /"linear" lacks factor/],
  ['half a rotation', config({ partial_rotary_factor: 0.5 }), /partial_rotary_factor/],
  [
    'YaRN with a factor of its own',
    config({ rope_scaling: { type: 'yarn', factor: 4, attention_factor: 2 } }),
    /attention_factor/,
  ],
  [
    'soft-capping in Llama',
    config({ final_logit_softcapping: 30 }),
    /soft-capping of logits cannot be converted for llama/,
  ],
  [
    'Llama 3 positions in Qwen',
    config({
      architectures: ['Qwen3ForCausalLM'],
      rope_scaling: {
        type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 64,
      },
    }),
    /"llama3" cannot be converted for qwen3/,
  ],
  [
    'biases in Gemma',
    config({ architectures: ['GemmaForCausalLM'], hidden_act: 'gelu', attention_bias: true }),
    /attention_bias cannot be converted for gemma/,
  ],
  [
    'uneven heads in Qwen 2',
    config({ architectures: ['Qwen2ForCausalLM'] }),
    /do not make up the width, which qwen2 needs/,
  ],
  [
    'Gemma 2 without a window',
    config({ architectures: ['Gemma2ForCausalLM'], hidden_act: 'gelu' }),
    /lacks sliding_window/,
  ],
  [
    'Gemma 2 without caps',
    config({ architectures: ['Gemma2ForCausalLM'], hidden_act: 'gelu', attn_logit_softcapping: null }),
    /gemma2 without soft-capping/,
  ],
  [
    'another scale of attention',
    config({ architectures: ['Gemma2ForCausalLM'], hidden_act: 'gelu', query_pre_attn_scalar: 144 }),
    /query_pre_attn_scalar is 144, llama.cpp computes gemma2 of this shape with 16/,
  ],
  [
    'layers without a pattern',
    config({
      architectures: ['Gemma3ForCausalLM'],
      hidden_act: 'gelu',
      sliding_window: 8,
      num_hidden_layers: 3,
      layer_types: ['full_attention', 'sliding_attention', 'full_attention'],
    }),
    /layer_types of this gemma3 do not repeat/,
  ],
])('a model with %s is refused', async (_, change, reason) => {
  expect(await refusal(change)).toMatch(reason)
})

const JSON_TOKENIZER = byteLevelTokenizer([['h', 'e']])
const tokenizer = (change: object) => ({ 'tokenizer.json': { ...JSON_TOKENIZER, ...change } })
const model = (change: object) => tokenizer({ model: { ...(JSON_TOKENIZER.model as object), ...change } })
const PIECES = piecesFor(['ab', 'a', 'b', '▁'])
const FALLBACK = byteFallbackTokenizer(PIECES)
const pieces = (file: Contents): Contents => ({
  ...file,
  ...(file['tokenizer.json'] ? {} : { 'tokenizer.json': undefined }),
  'tokenizer_config.json': { eos_token: '</s>', bos_token: '<s>' },
})

test.each<[string, Contents, RegExp]>([
  ['neither file', { 'tokenizer.json': undefined }, /tokenizer.json and tokenizer.model are missing/],
  ['another model', model({ type: 'Unigram' }), /a tokenizer of the type "Unigram" cannot be converted/],
  ['no vocabulary', model({ vocab: 5 }), /the vocabulary is missing/],
  ['no merges', model({ merges: undefined }), /the merges are missing/],
  ['a merge of three', model({ merges: ['a b c'] }), /merge 0 is neither a pair nor a text with one space/],
  ['a merge of numbers', model({ merges: [[1, 2]] }), /merge 0 is neither/],
  ['a merge into no token', model({ merges: [['x', 'y']] }), /merge 0 has "xy", which is no token/],
  ['an id twice', model({ vocab: { a: 1, b: 1 }, merges: [] }), /token "b" cannot have the id "1"/],
  ['a negative id', model({ vocab: { a: -1 }, merges: [] }), /token "a" cannot have the id "-1"/],
  [
    'more tokens than rows',
    model({ vocab: { a: 272 }, merges: [] }),
    /has a token 272, the embedding only 272 rows/,
  ],
  [
    'a text twice',
    tokenizer({
      added_tokens: [
        { id: 260, content: 'he' },
        { id: 261, content: '<|end|>' },
      ],
    }),
    /two tokens with the text "he"/,
  ],
  [
    'a normalizer',
    tokenizer({ normalizer: { type: 'Lowercase' } }),
    /the normalizer {"type":"Lowercase"} cannot be converted/,
  ],
  ['no token that ends a text', { 'tokenizer_config.json': {} }, /no file names a token that ends a text/],
  [
    'no token to begin with',
    { 'tokenizer_config.json': { ...TOKENIZER_CONFIG, bos_token: 'none', add_bos_token: true } },
    /no file names the token that begins a text/,
  ],
  [
    'a tokenizer_config.json of another kind',
    { 'tokenizer_config.json': { chat_template: 7 } },
    /tokenizer_config.json: /,
  ],
  [
    'a tokenizer.model cut short',
    pieces({ 'tokenizer.model': sentencePieceModel(PIECES).subarray(0, 100) }),
    /tokenizer.model is not a SentencePiece model: it is cut short/,
  ],
  [
    'a tokenizer.model of one kind of field only',
    pieces({ 'tokenizer.model': Buffer.from([0x0a, 0x01, 0x0b]) }),
    /tokenizer.model is not a SentencePiece model/,
  ],
  [
    'a tokenizer.model with a length of 2^63',
    pieces({ 'tokenizer.model': Buffer.from([0x0a, ...Array(9).fill(0xff), 0x01]) }),
    /cut short/,
  ],
  [
    'a unigram model',
    pieces({ 'tokenizer.model': sentencePieceModel(PIECES, { modelType: 1 }) }),
    /another type than BPE/,
  ],
  [
    'a byte without a token',
    pieces({ 'tokenizer.model': sentencePieceModel(PIECES.filter(({ text }) => text !== '<0x41>')) }),
    /no token for the byte <0x41>/,
  ],
  [
    'merges that scores cannot express',
    pieces({ 'tokenizer.json': { ...FALLBACK, model: { ...(FALLBACK.model as object), merges: [] } } }),
    /merges do not list every way to make "ab"/,
  ],
  [
    'steps of another kind',
    pieces({ 'tokenizer.json': { ...FALLBACK, normalizer: { type: 'NFKC' } } }),
    /the steps {.*"NFKC".*} cannot be converted/,
  ],
])('a tokenizer with %s is refused', async (_, change, reason) => {
  expect(await refusal(change)).toMatch(reason)
})
