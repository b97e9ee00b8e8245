import type { RopeScaling } from './rope.ts'

/** What sets a family of models apart, as far as converting it goes. */
export interface Architecture {
  /** `general.architecture` in GGUF. */
  name: 'llama' | 'qwen2' | 'qwen3' | 'gemma' | 'gemma2' | 'gemma3'
  /** Values of `hidden_act` and `hidden_activation` that llama.cpp computes; the first one where none is given. */
  activations: readonly string[]
  /** llama.cpp rotates neighbours, transformers the halves of a head: rows of queries and keys change places. */
  interleavesRope: boolean
  /** What norms have beside their stored weights. */
  normOffset: 0 | 1
  /** Norms of queries and keys, head by head. */
  normsHeads: boolean
  /** Norms after attention and after the feed-forward network too. */
  normsOutputs: boolean
  /** Which attention projections have a bias; `config`: as `attention_bias` says. */
  biases: 'none' | 'qkv' | 'config'
  /** Always computes logits with the embedding, whatever else a file holds. */
  alwaysTied: boolean
  ropeBase: number
  /** The scalings of positions that llama.cpp computes for it. */
  ropeScalings: readonly RopeScaling['type'][]
  /** llama.cpp reads it only with heads that share the width evenly. */
  evenHeads: boolean
  /** Every layer attends to a window when config.json names one, without saying that it is used. */
  slides: boolean
  /** Of so many layers the last attends to everything, the others to a window. */
  windowPeriod?: number
  /** llama.cpp scales attention by width / heads, and not by the length of a head, in a model of so many layers. */
  evenScaleLayers?: number
}

const SILU = ['silu', 'swish'] as const
/** The exact function under the first name too: transformers has computed the approximation ever since. */
const GELU = ['gelu_pytorch_tanh', 'gelu'] as const

const LLAMA: Architecture = {
  name: 'llama',
  activations: SILU,
  interleavesRope: true,
  normOffset: 0,
  normsHeads: false,
  normsOutputs: false,
  biases: 'config',
  alwaysTied: false,
  ropeBase: 10_000,
  ropeScalings: ['linear', 'yarn', 'llama3'],
  evenHeads: false,
  slides: false,
}
const QWEN2: Architecture = {
  ...LLAMA,
  name: 'qwen2',
  interleavesRope: false,
  evenHeads: true,
  biases: 'qkv',
  ropeScalings: ['linear', 'yarn'],
}
const GEMMA: Architecture = {
  ...QWEN2,
  name: 'gemma',
  evenHeads: false,
  activations: GELU,
  normOffset: 1,
  biases: 'none',
  alwaysTied: true,
  ropeScalings: [],
}

/** By the name that config.json gives under `architectures` (llama.cpp conversion/llama.py, qwen.py, gemma.py). */
export const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map([
  ['LlamaForCausalLM', LLAMA],
  ['MistralForCausalLM', { ...LLAMA, biases: 'none', slides: true }],
  ['Qwen2ForCausalLM', QWEN2],
  ['Qwen3ForCausalLM', { ...QWEN2, name: 'qwen3', biases: 'none', normsHeads: true, evenHeads: false }],
  ['GemmaForCausalLM', GEMMA],
  [
    'Gemma2ForCausalLM',
    { ...GEMMA, name: 'gemma2', normsOutputs: true, windowPeriod: 2, evenScaleLayers: 46 },
  ],
  [
    'Gemma3ForCausalLM',
    {
      ...GEMMA,
      name: 'gemma3',
      normsHeads: true,
      normsOutputs: true,
      windowPeriod: 6,
      evenScaleLayers: 62,
      ropeBase: 1_000_000,
      ropeScalings: ['linear'],
    },
  ],
])
