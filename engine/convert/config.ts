import { z } from 'zod'
import { ARCHITECTURES, type Architecture } from './architecture.ts'
import { maybe, readJson, type SourceFiles } from './json-file.ts'
import { quoted, refused } from './refuse.ts'
import { type Rope, RopeFields, ropeOf } from './rope.ts'

const count = z.number().int().positive()
/** Far beyond every model; they keep products of two of them exact. */
const width = count.max(2 ** 20)
const layers = count.max(4096)
/** -1 stands for none in some files; whoever looks up a token finds none of that number. */
const tokenId = z.number().int()
const tokenIds = z.union([tokenId, z.array(tokenId).max(64)])

/** The part of config.json and generation_config.json that names tokens by number. */
export const TokenIds = z.object({
  bos_token_id: maybe(tokenIds),
  eos_token_id: maybe(tokenIds),
  pad_token_id: maybe(tokenId),
  unk_token_id: maybe(tokenId),
})
export type TokenIds = z.infer<typeof TokenIds>

const ConfigFile = RopeFields.extend(TokenIds.shape).extend({
  architectures: z.array(z.string()).min(1),
  _name_or_path: maybe(z.string()),
  quantization_config: maybe(z.object({ quant_method: maybe(z.string()) })),
  hidden_size: width,
  intermediate_size: width,
  num_hidden_layers: layers,
  num_attention_heads: width,
  num_key_value_heads: maybe(width),
  head_dim: maybe(width),
  vocab_size: count.max(2 ** 24),
  rms_norm_eps: maybe(z.number().positive().max(1)),
  hidden_act: maybe(z.string()),
  hidden_activation: maybe(z.string()),
  tie_word_embeddings: maybe(z.boolean()),
  attention_bias: maybe(z.boolean()),
  mlp_bias: maybe(z.boolean()),
  sliding_window: maybe(count),
  use_sliding_window: maybe(z.boolean()),
  sliding_window_pattern: maybe(layers),
  layer_types: maybe(z.array(z.string()).max(4096)),
  query_pre_attn_scalar: maybe(z.number().positive()),
  attn_logit_softcapping: z.number().positive().nullish(),
  final_logit_softcapping: z.number().positive().nullish(),
  use_bidirectional_attention: maybe(z.boolean()),
})
type ConfigFile = z.infer<typeof ConfigFile>

/** A model's shape, and all else its arithmetic depends on. */
export interface ModelConfig {
  architecture: Architecture
  /** What the makers called it, when config.json says so. */
  name?: string
  layers: number
  width: number
  feedForward: number
  heads: number
  kvHeads: number
  headLength: number
  vocabulary: number
  /** Tokens for which llama.cpp computes what the makers' code does. */
  contextLength: number
  epsilon: number
  rope: Rope
  attentionBias: 'none' | 'qkv' | 'qkvo'
  feedForwardBias: boolean
  tiedEmbeddings: boolean
  window?: { tokens: number; period: number }
  attentionSoftcap?: number
  finalSoftcap?: number
  tokenIds: TokenIds
}

/**
 * Reads config.json. Throws EngineError `convert_failed` that names what is missing, an architecture that cannot be
 * imported, and every setting that llama.cpp would compute differently.
 */
export async function readConfig(files: SourceFiles): Promise<ModelConfig> {
  const named = await readJson(files, 'config.json', ConfigFile.pick({ architectures: true }))
  if (named === undefined) throw refused('config.json is missing')
  const architecture = architectureOf(named.architectures)
  const config = await readJson(files, 'config.json', ConfigFile)
  if (config === undefined) throw refused('config.json is missing')
  refuseQuantized(config)
  refuseActivation(config, architecture)
  if (config.use_bidirectional_attention) throw refused('bidirectional attention cannot be converted')
  const heads = headsOf(config, architecture)
  refuseScale(config, architecture, heads)
  return {
    architecture,
    ...nameOf(config),
    layers: config.num_hidden_layers,
    width: config.hidden_size,
    feedForward: config.intermediate_size,
    ...heads,
    vocabulary: config.vocab_size,
    epsilon: config.rms_norm_eps ?? 1e-6,
    rope: ropeOf(config, architecture),
    ...biasesOf(config, architecture),
    tiedEmbeddings: isTied(config, architecture),
    ...softcapsOf(config, architecture),
    ...windowOf(config, architecture),
    tokenIds: TokenIds.parse(config),
  }
}

function architectureOf(names: readonly string[]): Architecture {
  const [name = ''] = names
  const found = ARCHITECTURES.get(name)
  if (found !== undefined && names.length === 1) return found
  const known = [...ARCHITECTURES.keys()].join(', ')
  throw refused(`the architecture ${quoted(names.join(', '))} cannot be imported; these can: ${known}`)
}

function refuseQuantized({ quantization_config: quantization }: ConfigFile): void {
  if (quantization === undefined) return
  const method = quoted(quantization.quant_method ?? 'unknown')
  throw refused(`its weights are quantized already (${method}); only F32, F16 and BF16 can be converted`)
}

function refuseActivation(config: ConfigFile, { activations }: Architecture): void {
  // Where both are given, Gemma's makers mean the second one.
  const activation = config.hidden_activation ?? config.hidden_act ?? activations[0] ?? ''
  if (!activations.includes(activation))
    throw refused(`the activation ${quoted(activation)} cannot be converted`)
}

function headsOf(
  config: ConfigFile,
  { evenHeads, name }: Architecture,
): Pick<ModelConfig, 'heads' | 'kvHeads' | 'headLength'> {
  const heads = config.num_attention_heads
  const kvHeads = config.num_key_value_heads ?? heads
  if (heads % kvHeads !== 0) throw refused(`${heads} attention heads cannot share ${kvHeads} key-value heads`)
  const headLength = config.head_dim ?? config.hidden_size / heads
  if (!Number.isInteger(headLength / 2))
    throw refused(`attention heads cannot have a length of ${headLength}`)
  if (evenHeads && heads * headLength !== config.hidden_size) {
    throw refused(`${heads} heads of length ${headLength} do not make up the width, which ${name} needs`)
  }
  return { heads, kvHeads, headLength }
}

/** llama.cpp knows the divisor of attention by the number of layers alone (src/models/gemma2.cpp, gemma3.cpp). */
function refuseScale(
  { query_pre_attn_scalar: divisor, ...config }: ConfigFile,
  { evenScaleLayers, name }: Architecture,
  { heads, headLength }: { heads: number; headLength: number },
): void {
  if (divisor === undefined || evenScaleLayers === undefined) return
  const isEven = config.num_hidden_layers === evenScaleLayers
  const computed = isEven ? Math.floor(config.hidden_size / heads) : headLength
  if (divisor === computed) return
  throw refused(
    `query_pre_attn_scalar is ${divisor}, llama.cpp computes ${name} of this shape with ${computed}`,
  )
}

function biasesOf(
  { attention_bias: attention = false, mlp_bias: feedForward = false }: ConfigFile,
  { biases, name }: Architecture,
): Pick<ModelConfig, 'attentionBias' | 'feedForwardBias'> {
  if (biases !== 'config' && feedForward) throw refused(`mlp_bias cannot be converted for ${name}`)
  if (biases === 'none' && attention) throw refused(`attention_bias cannot be converted for ${name}`)
  if (biases === 'qkv') return { attentionBias: 'qkv', feedForwardBias: false }
  return { attentionBias: attention ? 'qkvo' : 'none', feedForwardBias: feedForward }
}

function isTied({ tie_word_embeddings: tied }: ConfigFile, { alwaysTied, name }: Architecture): boolean {
  if (!alwaysTied) return tied ?? false
  if (tied === false) throw refused(`embeddings that are not tied cannot be converted for ${name}`)
  return true
}

/** transformers' defaults where config.json is silent; null switches a cap off there and cannot be said in GGUF. */
function softcapsOf(
  config: ConfigFile,
  { name }: Architecture,
): Pick<ModelConfig, 'attentionSoftcap' | 'finalSoftcap'> {
  const { attn_logit_softcapping: attention, final_logit_softcapping: final } = config
  if (name === 'gemma2') {
    if (attention === null || final === null) throw refused('gemma2 without soft-capping cannot be converted')
    return { attentionSoftcap: attention ?? 50, finalSoftcap: final ?? 30 }
  }
  if (attention ?? final) throw refused(`soft-capping of logits cannot be converted for ${name}`)
  return {}
}

/**
 * Which layers attend to a window. Where llama.cpp has no windows the context ends with the window, up to which
 * both compute the same.
 */
function windowOf(
  config: ConfigFile,
  { windowPeriod, slides, name }: Architecture,
): Pick<ModelConfig, 'contextLength' | 'window'> {
  const contextLength = config.max_position_embeddings
  const tokens = config.sliding_window
  if (windowPeriod !== undefined) {
    if (tokens === undefined) throw refused(`config.json lacks sliding_window, which ${name} needs`)
    return { contextLength, window: { tokens, period: periodOf(config, windowPeriod, name) } }
  }
  const isUsed = tokens !== undefined && (config.use_sliding_window ?? slides)
  return { contextLength: isUsed ? Math.min(contextLength, tokens) : contextLength }
}

function periodOf({ layer_types: types, ...config }: ConfigFile, usual: number, name: string): number {
  const firstFull = types?.indexOf('full_attention') ?? -1
  const period = firstFull >= 0 ? firstFull + 1 : (config.sliding_window_pattern ?? usual)
  const isRegular = types?.every(
    (type, i) => type === ((i + 1) % period === 0 ? 'full_attention' : 'sliding_attention'),
  )
  if (isRegular === false || (types !== undefined && types.length !== config.num_hidden_layers)) {
    throw refused(`the layer_types of this ${name} do not repeat in the way that llama.cpp computes`)
  }
  return period
}

/** The last part of a path or a repository's name. */
function nameOf({ _name_or_path: path }: ConfigFile): { name?: string } {
  const name = path?.split('/').at(-1)
  return name === undefined || !/^[\w.\- ]{1,96}$/.test(name) || /^\.+$/.test(name) ? {} : { name }
}
