/** Tiny models as transformers saves them, with random weights and a tokenizer that knows bytes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generator } from './random-weights.ts'
import { type FloatType, rounded, type SourceTensor, safetensors } from './safetensors.ts'

/** config.json of a model, as far as these tests set it. */
export interface HfConfig {
  architectures: [string]
  hidden_size: number
  intermediate_size: number
  num_hidden_layers: number
  num_attention_heads: number
  num_key_value_heads: number
  head_dim: number
  vocab_size: number
  max_position_embeddings: number
  rms_norm_eps: number
  rope_theta?: number
  rope_local_base_freq?: number
  rope_scaling?: Record<string, unknown>
  tie_word_embeddings?: boolean
  attention_bias?: boolean
  mlp_bias?: boolean
  sliding_window?: number
  layer_types?: string[]
  [key: string]: unknown
}

export type Weights = Map<string, SourceTensor>

/** A head is longer than width / heads, so that nobody may confuse the two. */
export const TINY: HfConfig = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  vocab_size: 272,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
}

export const isGemma = ({ architectures: [name] }: HfConfig) => name.startsWith('Gemma')
export const hasHeadNorms = ({ architectures: [name] }: HfConfig) => /^(Qwen3|Gemma3)/.test(name)
export const hasOutputNorms = ({ architectures: [name] }: HfConfig) => /^Gemma[23]/.test(name)
export const isTied = (config: HfConfig) => config.tie_word_embeddings ?? isGemma(config)

/** Weights that make every part of the arithmetic count. The same seed gives the same ones. */
export function randomWeights(config: HfConfig, dtype: FloatType = 'F32', seed = 1): Weights {
  const random = generator(seed)
  const weights: Weights = new Map()
  const add = (name: string, shape: number[], deviation: number, middle = 0) => {
    const length = shape.reduce((product, n) => product * n, 1)
    // Uniform numbers of this deviation.
    const values = Float32Array.from({ length }, () => middle + (random() - 0.5) * deviation * Math.sqrt(12))
    weights.set(name, { shape, values: rounded(values, dtype) })
  }
  const { hidden_size: width, intermediate_size: inner, head_dim: head } = config
  const queries = config.num_attention_heads * head
  const keys = config.num_key_value_heads * head
  const norm = (name: string, length = width) => add(`${name}.weight`, [length], 0.3, isGemma(config) ? 0 : 1)
  const linear = (name: string, out: number, from: number, bias: boolean) => {
    add(`${name}.weight`, [out, from], 1.2 / Math.sqrt(from))
    if (bias) add(`${name}.bias`, [out], 0.3)
  }
  const isQwen2 = config.architectures[0] === 'Qwen2ForCausalLM'
  const bias = config.attention_bias ?? isQwen2
  add('model.embed_tokens.weight', [config.vocab_size, width], 0.4)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`
    norm(`${at}.input_layernorm`)
    norm(`${at}.post_attention_layernorm`)
    if (hasOutputNorms(config)) {
      norm(`${at}.pre_feedforward_layernorm`)
      norm(`${at}.post_feedforward_layernorm`)
    }
    if (hasHeadNorms(config)) {
      norm(`${at}.self_attn.q_norm`, head)
      norm(`${at}.self_attn.k_norm`, head)
    }
    linear(`${at}.self_attn.q_proj`, queries, width, bias)
    linear(`${at}.self_attn.k_proj`, keys, width, bias)
    linear(`${at}.self_attn.v_proj`, keys, width, bias)
    linear(`${at}.self_attn.o_proj`, width, queries, bias && !isQwen2)
    linear(`${at}.mlp.gate_proj`, inner, width, config.mlp_bias ?? false)
    linear(`${at}.mlp.up_proj`, inner, width, config.mlp_bias ?? false)
    linear(`${at}.mlp.down_proj`, width, inner, config.mlp_bias ?? false)
  }
  norm('model.norm')
  if (!isTied(config)) add('lm_head.weight', [config.vocab_size, width], 0.4)
  return weights
}

/** The characters that stand for bytes in byte-level vocabularies (openai/gpt-2, src/encoder.py). */
export function byteCharacters(): string[] {
  const shown = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
  let hidden = 0
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(shown(byte) ? byte : 256 + hidden++))
}

export const QWEN2_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/** A byte-level tokenizer.json: 256 bytes, then what these merges make, then special tokens. */
export function byteLevelTokenizer(
  merges: readonly [string, string][] = [],
  special: readonly string[] = ['<|begin|>', '<|end|>'],
): Record<string, unknown> {
  const texts = [...byteCharacters(), ...new Set(merges.map((pair) => pair.join('')))]
  return {
    version: '1.0',
    added_tokens: special.map((content, i) => ({
      id: texts.length + i,
      content,
      special: true,
      normalized: false,
    })),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: QWEN2_PATTERN }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
      merges,
    },
  }
}

export const TOKENIZER_CONFIG = { bos_token: '<|begin|>', eos_token: '<|end|>', add_bos_token: false }

/** Writes files into a folder and gives them by name, as the converter wants them. */
export async function sourceFiles(
  folder: string,
  contents: Record<string, string | Uint8Array | object>,
): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const [name, content] of Object.entries(contents)) {
    const path = join(folder, name)
    const isBytes = typeof content === 'string' || content instanceof Uint8Array
    await writeFile(path, isBytes ? content : JSON.stringify(content))
    files.set(name, path)
  }
  return files
}

/** All files of a model with a byte-level tokenizer. */
export const modelContents = (config: HfConfig, weights: Weights, dtype: FloatType = 'F32') => ({
  'config.json': { torch_dtype: 'float32', ...config },
  'model.safetensors': safetensors(weights, dtype),
  'tokenizer.json': byteLevelTokenizer(),
  'tokenizer_config.json': TOKENIZER_CONFIG,
})
