/** Converted models compute what their makers' code computes, weight for weight. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { convertFiles } from '../../../engine/convert/convert-files.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { type HfConfig, modelContents, randomWeights, sourceFiles, TINY } from '../../helpers/hf-model.ts'
import { logSoftmax, referenceLogits } from '../../helpers/reference-model.ts'
import { outputOf, planFor, requestFor, runnerFor } from '../../helpers/runner.ts'
import type { FloatType } from '../../helpers/safetensors.ts'

const NEW_TOKENS = 5
/** Longer than every window of these models. */
const PROMPT = Array.from({ length: 24 }, (_, i) => (i * 37 + 5) % 256)
/** Keys and values are kept with 11 bits. */
const TOLERANCE: Record<FloatType, number> = { F32: 0.01, F16: 0.01, BF16: 0.06 }

const GEMMA: HfConfig = {
  ...TINY,
  architectures: ['GemmaForCausalLM'],
  rms_norm_eps: 1e-6,
  hidden_activation: 'gelu_pytorch_tanh',
}
const GEMMA2: HfConfig = {
  ...GEMMA,
  architectures: ['Gemma2ForCausalLM'],
  num_hidden_layers: 3,
  sliding_window: 8,
  query_pre_attn_scalar: 16,
  attn_logit_softcapping: 2,
  final_logit_softcapping: 3,
}
const GEMMA3: HfConfig = {
  ...GEMMA,
  architectures: ['Gemma3ForCausalLM'],
  num_hidden_layers: 7,
  sliding_window: 8,
  rope_theta: 1_000_000,
  rope_local_base_freq: 5000,
  query_pre_attn_scalar: 16,
}
const LLAMA3_SCALING = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
}
const YARN = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 64 }

/** Heads that share the width evenly: llama.cpp reads no other ones here. */
const QWEN2: HfConfig = { ...TINY, architectures: ['Qwen2ForCausalLM'], head_dim: 8 }

const CASES: { name: string; config: HfConfig; dtype?: FloatType }[] = [
  { name: 'Llama', config: TINY },
  { name: 'Llama with biases', config: { ...TINY, attention_bias: true, mlp_bias: true } },
  { name: 'Llama 3.1 with its scaling of positions', config: { ...TINY, rope_scaling: LLAMA3_SCALING } },
  {
    name: 'Llama with linear scaling and tied embeddings',
    config: { ...TINY, tie_word_embeddings: true, rope_scaling: { rope_type: 'linear', factor: 4 } },
  },
  { name: 'Llama with YaRN', config: { ...TINY, rope_scaling: YARN } },
  { name: 'Llama in F16', config: TINY, dtype: 'F16' },
  { name: 'Llama in BF16', config: TINY, dtype: 'BF16' },
  { name: 'Mistral', config: { ...TINY, architectures: ['MistralForCausalLM'], rope_theta: 1_000_000 } },
  { name: 'Qwen 2', config: QWEN2 },
  { name: 'Qwen 2 with YaRN', config: { ...QWEN2, rope_scaling: YARN } },
  { name: 'Qwen 3', config: { ...TINY, architectures: ['Qwen3ForCausalLM'], tie_word_embeddings: true } },
  { name: 'Gemma', config: GEMMA },
  { name: 'Gemma 2', config: GEMMA2 },
  { name: 'Gemma 3', config: GEMMA3 },
  { name: 'Gemma 3 in BF16', config: GEMMA3, dtype: 'BF16' },
  {
    name: 'Gemma 3 with linear scaling',
    config: { ...GEMMA3, rope_scaling: { rope_type: 'linear', factor: 8 } },
  },
  {
    name: 'Gemma 3 with a full layer behind each with a window',
    config: {
      ...GEMMA3,
      num_hidden_layers: 4,
      layer_types: ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'],
    },
  },
]

test.each(CASES)(
  '$name says after conversion what it says in transformers',
  async ({ config, dtype = 'F32' }) => {
    const folder = await tempFolder()
    const weights = randomWeights(config, dtype)
    const files = await sourceFiles(folder, modelContents(config, weights, dtype))
    const to = join(folder, 'model.gguf')
    await convertFiles(files, to, () => {})

    const runner = await runnerFor(planFor(to, { contextLength: 128, flashAttention: false }))
    const request = requestFor(PROMPT, {
      maxTokens: NEW_TOKENS,
      topLogprobs: config.vocab_size,
      returnTokens: true,
      shift: false,
    })
    const { end, events } = await outputOf(runner, request)
    const tokens = end.tokenIds ?? []
    expect(tokens).toHaveLength(NEW_TOKENS)

    const logits = referenceLogits(config, weights, [...PROMPT, ...tokens]).slice(PROMPT.length - 1, -1)
    const expected = logits.map((row) => Array.from(logSoftmax(row)).sort((a, b) => b - a))
    const chosen = events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []))
    expect(chosen).toHaveLength(NEW_TOKENS)
    for (const [i, { alternatives, logprob }] of chosen.entries()) {
      const own = logSoftmax(logits[i] ?? new Float64Array())[tokens[i] ?? -1] ?? Number.NaN
      expect(Math.abs(logprob - own)).toBeLessThan(TOLERANCE[dtype])
      const differences = alternatives.map((other, rank) =>
        Math.abs(other.logprob - (expected[i]?.[rank] ?? Number.NaN)),
      )
      expect(Math.max(...differences)).toBeLessThan(TOLERANCE[dtype])
    }
  },
)
