/**
 * What the architectures compute, written from their definitions with the conventions of transformers and none of the
 * converter: rotation of the halves of a head, norms over stored weights (plus one in Gemma), queries in groups.
 * Slow, in double precision, one token after the other.
 */
import { type HfConfig, hasHeadNorms, hasOutputNorms, isGemma, isTied, type Weights } from './hf-model.ts'

type Vector = Float64Array

/** The logits after each of the tokens. */
export function referenceLogits(config: HfConfig, weights: Weights, tokens: readonly number[]): Vector[] {
  const model = createModel(config, weights)
  return tokens.map((token, position) => model.step(token, position))
}

export function logSoftmax(logits: Vector): Vector {
  const highest = Math.max(...logits)
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - highest), 0)
  return logits.map((logit) => logit - highest - Math.log(sum))
}

function createModel(config: HfConfig, weights: Weights) {
  const {
    hidden_size: width,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: length,
  } = config
  const gemma = isGemma(config)
  const tensor = (name: string) => {
    const found = weights.get(name)
    if (found === undefined) throw new Error(`${name} is missing`)
    return found
  }
  const linear = (name: string, x: Vector): Vector => {
    const { shape, values } = tensor(`${name}.weight`)
    const [rows = 0, columns = 0] = shape
    const bias = weights.get(`${name}.bias`)?.values
    return Float64Array.from({ length: rows }, (_, row) => {
      let sum = bias?.[row] ?? 0
      for (let i = 0; i < columns; i++) sum += (values[row * columns + i] ?? 0) * (x[i] ?? 0)
      return sum
    })
  }
  const norm = (name: string, x: Vector): Vector => {
    const { values } = tensor(`${name}.weight`)
    const mean = x.reduce((sum, value) => sum + value * value, 0) / x.length
    const scale = 1 / Math.sqrt(mean + config.rms_norm_eps)
    return x.map((value, i) => value * scale * ((values[i] ?? 0) + (gemma ? 1 : 0)))
  }
  const split = (x: Vector) =>
    Array.from({ length: x.length / length }, (_, i) => x.subarray(i * length, (i + 1) * length))
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => {
    const window = windowOf(config, layer)
    return {
      window,
      rope: ropeOf(config, window !== undefined),
      keys: [] as Vector[][],
      values: [] as Vector[][],
    }
  })

  function attention(layer: number, x: Vector, position: number): Vector {
    const at = `model.layers.${layer}.self_attn`
    const state = layers[layer]
    if (state === undefined) throw new Error('no such layer')
    const prepared = (name: 'q' | 'k') =>
      split(linear(`${at}.${name}_proj`, x))
        .map((head) => (hasHeadNorms(config) ? norm(`${at}.${name}_norm`, head) : head))
        .map((head) => state.rope(head, position))
    const queries = prepared('q')
    state.keys.push(prepared('k'))
    state.values.push(split(linear(`${at}.v_proj`, x)))
    const first = Math.max(0, position + 1 - (state.window ?? Number.POSITIVE_INFINITY))
    const out = new Float64Array(heads * length)
    for (const [head, query] of queries.entries()) {
      const group = Math.floor(head / (heads / kvHeads))
      const scores = state.keys
        .slice(first)
        .map((keys) => capped(dot(query, keys[group]) / Math.sqrt(length), config.attn_logit_softcapping))
      const shares = logSoftmax(Float64Array.from(scores)).map(Math.exp)
      for (const [i, share] of shares.entries()) {
        const value = state.values[first + i]?.[group]
        for (let d = 0; d < length; d++) {
          const to = head * length + d
          out[to] = (out[to] ?? 0) + share * (value?.[d] ?? 0)
        }
      }
    }
    return linear(`${at}.o_proj`, out)
  }

  function feedForward(layer: number, x: Vector): Vector {
    const at = `model.layers.${layer}.mlp`
    const up = linear(`${at}.up_proj`, x)
    const gate = linear(`${at}.gate_proj`, x).map(
      (value, i) => (gemma ? gelu(value) : silu(value)) * (up[i] ?? 0),
    )
    return linear(`${at}.down_proj`, gate)
  }

  function step(token: number, position: number): Vector {
    const embedding = tensor('model.embed_tokens.weight').values
    let x = Float64Array.from(embedding.subarray(token * width, (token + 1) * width))
    if (gemma) x = x.map((value) => value * Math.sqrt(width))
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
      const at = `model.layers.${layer}`
      const outputNorms = hasOutputNorms(config)
      const attended = attention(layer, norm(`${at}.input_layernorm`, x), position)
      x = plus(x, outputNorms ? norm(`${at}.post_attention_layernorm`, attended) : attended)
      const before = outputNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm'
      const fed = feedForward(layer, norm(`${at}.${before}`, x))
      x = plus(x, outputNorms ? norm(`${at}.post_feedforward_layernorm`, fed) : fed)
    }
    const logits = linear(isTied(config) ? 'model.embed_tokens' : 'lm_head', norm('model.norm', x))
    return logits.map((logit) => capped(logit, config.final_logit_softcapping))
  }
  return { step }
}

const dot = (a: Vector, b: Vector | undefined) => a.reduce((sum, value, i) => sum + value * (b?.[i] ?? 0), 0)
const plus = (a: Vector, b: Vector) => a.map((value, i) => value + (b[i] ?? 0))
const silu = (x: number) => x / (1 + Math.exp(-x))
const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
const capped = (x: number, cap: unknown) => (typeof cap === 'number' ? cap * Math.tanh(x / cap) : x)

/** Tokens that a layer attends to; undefined for all. */
function windowOf(
  { architectures: [name], layer_types: types, sliding_window: window }: HfConfig,
  layer: number,
) {
  const period = name === 'Gemma2ForCausalLM' ? 2 : 6
  if (!/^Gemma[23]/.test(name)) return undefined
  const isFull = types === undefined ? (layer + 1) % period === 0 : types[layer] === 'full_attention'
  return isFull ? undefined : window
}

/** Rotates the first half of a head against the second. */
function ropeOf(config: HfConfig, inWindow: boolean): (head: Vector, position: number) => Vector {
  const { head_dim: length, rope_theta: base = 10_000, architectures } = config
  const isLocal = inWindow && architectures[0] === 'Gemma3ForCausalLM'
  const used = isLocal ? (config.rope_local_base_freq ?? 10_000) : base
  const plain = Float64Array.from({ length: length / 2 }, (_, i) => used ** ((-2 * i) / length))
  const { frequencies, factor } = scaled(plain, config, isLocal)
  return (head, position) =>
    head.map((value, i) => {
      const pair = i % (length / 2)
      const angle = position * (frequencies[pair] ?? 0)
      const other = i < length / 2 ? -(head[i + length / 2] ?? 0) : (head[i - length / 2] ?? 0)
      return (value * Math.cos(angle) + other * Math.sin(angle)) * factor
    })
}

/** transformers modeling_rope_utils.py. */
function scaled(plain: Vector, { rope_scaling: scaling, ...config }: HfConfig, isLocal: boolean) {
  const type = isLocal ? undefined : scaling?.rope_type
  const number = (key: string) => Number(scaling?.[key])
  const factor = number('factor')
  if (type === 'linear') return { frequencies: plain.map((frequency) => frequency / factor), factor: 1 }
  if (type === 'llama3') {
    const original = number('original_max_position_embeddings')
    const [low, high] = [number('low_freq_factor'), number('high_freq_factor')]
    const frequencies = plain.map((frequency) => {
      const turns = (original * frequency) / (2 * Math.PI)
      const smooth = Math.min(1, Math.max(0, (turns - low) / (high - low)))
      return (1 - smooth) * (frequency / factor) + smooth * frequency
    })
    return { frequencies, factor: 1 }
  }
  if (type === 'yarn') {
    const { head_dim: length, rope_theta: base = 10_000 } = config
    const original = number('original_max_position_embeddings')
    const place = (turns: number) =>
      (length * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(base))
    const low = Math.max(0, Math.floor(place(32)))
    const high = Math.min(length - 1, Math.ceil(place(1)))
    const frequencies = plain.map((frequency, i) => {
      const ramp = Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)))
      return (frequency / factor) * ramp + frequency * (1 - ramp)
    })
    return { frequencies, factor: 0.1 * Math.log(factor) + 1 }
  }
  return { frequencies: plain, factor: 1 }
}
