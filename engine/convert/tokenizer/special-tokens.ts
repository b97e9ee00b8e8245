import { z } from 'zod'
import type { TokenIds } from '../config.ts'
import { flag, type Metadata, u32 } from '../metadata.ts'
import { refused } from '../refuse.ts'
import type { Token } from './token-list.ts'
import type { TokenizerConfig } from './tokenizer-config.ts'

/** Everything that may say which token has which part. The first one that does counts. */
export interface SpecialSources {
  config: TokenizerConfig
  /** From generation_config.json, then config.json. */
  ids: readonly TokenIds[]
  /** From tokenizer.model. */
  model?: { unk: number; bos: number; eos: number; pad: number }
  /** `post_processor` of tokenizer.json. */
  postProcessor: unknown
}

/** Tokens that end a turn, and one that ends a message within a turn: src/llama-vocab.cpp knows them by text. */
const TURN_ENDS = ['<|eot_id|>', '<|im_end|>', '<end_of_turn>', '<|end|>']
const MESSAGE_END = '<|eom_id|>'

/**
 * What GGUF says of special tokens. Throws EngineError `convert_failed` when none ends a text, or none begins it though
 * every text is to begin with one: llama.cpp would take some other token.
 */
export function specialTokens(tokens: readonly Token[], sources: SpecialSources): Metadata {
  const { config, ids, model } = sources
  const byText = new Map(tokens.map(({ text }, id) => [text, id]))
  const exists = (id: number | undefined) => (tokens[id ?? -1] === undefined ? undefined : id)
  const first = (id: number | number[] | undefined) => (Array.isArray(id) ? id[0] : id)
  const find = (part: 'bos' | 'eos' | 'unk' | 'pad') => {
    const named = byText.get(config.special[`${part}_token`] ?? '')
    const numbered = ids
      .map((source) => exists(first(source[`${part}_token_id`])))
      .find((id) => id !== undefined)
    return named ?? numbered ?? exists(model?.[part])
  }
  const bos = find('bos')
  const eos = find('eos')
  if (eos === undefined) throw refused('no file names a token that ends a text (eos_token)')
  const frame = frameOf(sources, (token) => byText.get(token), { bos, eos })
  if (frame.addBos && bos === undefined)
    throw refused('no file names the token that begins a text (bos_token)')
  const ends = endsOf(ids, exists, eos)
  const turnEnd =
    ends.find((id) => TURN_ENDS.includes(tokens[id]?.text ?? '')) ??
    ends.find((id) => !isMessageEnd(tokens, id))
  const messageEnd = ends.find((id) => isMessageEnd(tokens, id))
  const id = (key: string, value: number | undefined): Metadata =>
    value === undefined ? [] : [[`tokenizer.ggml.${key}_token_id`, u32(value)]]
  return [
    ...id('bos', bos),
    ...id('eos', eos),
    ...id('eot', turnEnd),
    ...id('eom', messageEnd),
    ...id('unknown', find('unk')),
    ...id('padding', find('pad')),
    // Ollama writes all of them (convert/convert.go); llama.cpp has one key for each part.
    ...(ends.length === 0
      ? []
      : ([
          ['tokenizer.ggml.eos_token_ids', { type: 'array', value: { of: 'int32', items: [eos, ...ends] } }],
        ] as const)),
    ['tokenizer.ggml.add_bos_token', flag(frame.addBos)],
    ['tokenizer.ggml.add_eos_token', flag(frame.addEos)],
  ]
}

const isMessageEnd = (tokens: readonly Token[], id: number) => tokens[id]?.text === MESSAGE_END

/** Tokens beside `eos` that end an answer. */
function endsOf(ids: readonly TokenIds[], exists: (id: number) => number | undefined, eos: number): number[] {
  const all = ids.flatMap(({ eos_token_id: ends = [] }) => ends)
  return [...new Set(all)].filter((id) => id !== eos && exists(id) !== undefined)
}

const Processor = z.object({
  type: z.string(),
  processors: z.array(z.unknown()).max(16).optional(),
  single: z
    .array(z.object({ SpecialToken: z.object({ id: z.string() }).optional() }))
    .max(64)
    .optional(),
})

/** Whether a text gets tokens in front and behind: as tokenizer.json says, unless tokenizer_config.json does. */
function frameOf(
  { config, model, postProcessor }: SpecialSources,
  idOf: (token: string) => number | undefined,
  { bos, eos }: { bos: number | undefined; eos: number },
): { addBos: boolean; addEos: boolean } {
  const single = templateOf(postProcessor)
  const isToken = (item: { SpecialToken?: { id: string } | undefined } | undefined, id: number | undefined) =>
    item?.SpecialToken !== undefined && id !== undefined && idOf(item.SpecialToken.id) === id
  // SentencePiece's tokenizers put one in front unless they are told not to.
  const byDefault = model !== undefined && postProcessor === undefined
  return {
    addBos: config.addBos ?? (byDefault || isToken(single[0], bos)),
    addEos: config.addEos ?? isToken(single.at(-1), eos),
  }
}

function templateOf(value: unknown): NonNullable<z.infer<typeof Processor>['single']> {
  const { data } = Processor.safeParse(value)
  if (data?.type === 'TemplateProcessing') return data.single ?? []
  return (data?.processors ?? []).flatMap(templateOf)
}
