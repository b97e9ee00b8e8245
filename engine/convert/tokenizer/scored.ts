import { z } from 'zod'
import { flag, type Metadata, text } from '../metadata.ts'
import { excerpt, refused } from '../refuse.ts'
import { scoresOfMerges } from './merge-scores.ts'
import type { SentencePieceModel } from './sentencepiece.ts'
import { type AddedToken, TOKEN_TYPE, type Token, tokenList } from './token-list.ts'
import type { TokenizerJson } from './tokenizer-json.ts'

/** Vocabularies whose tokens have scores: llama.cpp's type `llama`, SentencePiece's BPE. */
interface ScoredVocabulary {
  tokens: Token[]
  metadata: Metadata
}

/** The vocabulary of a tokenizer.model for `rows` rows of the embedding. Throws EngineError `convert_failed`. */
export function sentencePieceVocabulary(
  { pieces, addsPrefix }: SentencePieceModel,
  added: readonly AddedToken[],
  rows: number,
): ScoredVocabulary {
  return scoredVocabulary(tokenList(pieces, added, rows), addsPrefix)
}

/**
 * The vocabulary of a tokenizer.json that was made from a tokenizer.model, for `rows` rows of the embedding. Throws
 * EngineError `convert_failed` for one that SentencePiece's way of merging cannot follow.
 */
export function byteFallbackVocabulary(
  json: TokenizerJson,
  added: readonly AddedToken[],
  rows: number,
): ScoredVocabulary {
  const special = new Set(added.map(({ content }) => content))
  const isSpecial = (token: string) => special.has(token) || BYTE.test(token)
  const scores = scoresOfMerges(json.merges, new Set(json.vocabulary.keys()), isSpecial)
  const base = new Map<number, Token>()
  for (const [token, id] of json.vocabulary) {
    const type = BYTE.test(token) ? TOKEN_TYPE.byte : TOKEN_TYPE.normal
    base.set(id, { text: token, type, score: scores.get(token) ?? UNMERGED_SCORE })
  }
  return scoredVocabulary(tokenList(base, added, rows), prefixOf(json))
}

const BYTE = /^<0x[0-9A-F]{2}>$/
/** Below the rank of every merge. */
const UNMERGED_SCORE = -1e9

function scoredVocabulary(tokens: Token[], addsPrefix: boolean): ScoredVocabulary {
  const texts = new Set(tokens.map((token) => token.text))
  for (let byte = 0; byte < 256; byte++) {
    const name = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
    // llama.cpp writes characters that are no tokens as bytes, and ends the process where it finds none.
    if (!texts.has(name)) throw refused(`the tokenizer has no token for the byte ${name}`)
  }
  return {
    tokens,
    metadata: [
      ['tokenizer.ggml.model', text('llama')],
      ['tokenizer.ggml.pre', text('default')],
      [
        'tokenizer.ggml.scores',
        { type: 'array', value: { of: 'float32', items: tokens.map(({ score = 0 }) => score) } },
      ],
      ['tokenizer.ggml.add_space_prefix', flag(addsPrefix)],
    ],
  }
}

const SPACE = '\u2581'
const Step = z.object({
  type: z.string(),
  normalizers: z.array(z.unknown()).max(16).optional(),
  prepend: z.string().optional(),
  pattern: z.object({ String: z.string() }).optional(),
  content: z.string().optional(),
  replacement: z.string().optional(),
  prepend_scheme: z.string().optional(),
  split: z.boolean().optional(),
  behavior: z.string().optional(),
})

/** What a step does to text; `unknown` for what llama.cpp does not do. */
type Effect = 'prefix' | 'spaces' | 'nothing' | 'unknown'

/** Whether a space goes in front of a text. Throws for steps that do anything else but write spaces as `▁`. */
function prefixOf({ normalizer, preTokenizer }: TokenizerJson): boolean {
  const effects = [normalizer, preTokenizer].flatMap(effectsOf)
  if (effects.includes('unknown') || !effects.includes('spaces')) {
    const steps = excerpt({ normalizer, pre_tokenizer: preTokenizer })
    throw refused(`tokenizer.json: the steps ${steps} cannot be converted`)
  }
  return effects.includes('prefix')
}

function effectsOf(value: unknown): Effect[] {
  if (value === undefined) return []
  const { data: step } = Step.safeParse(value)
  switch (step?.type) {
    case 'Sequence':
      return (step.normalizers ?? []).flatMap(effectsOf)
    case 'Prepend':
      return [step.prepend === SPACE ? 'prefix' : 'unknown']
    case 'Replace':
      return [step.pattern?.String === ' ' && step.content === SPACE ? 'spaces' : 'unknown']
    case 'Metaspace':
      return metaspaceOf(step)
    case 'Split':
      // Behind the replacement there are no spaces left to split at.
      return [step.pattern?.String === ' ' && step.behavior === 'MergedWithPrevious' ? 'nothing' : 'unknown']
    default:
      return ['unknown']
  }
}

function metaspaceOf({ replacement, split, prepend_scheme: scheme }: z.infer<typeof Step>): Effect[] {
  if (replacement !== SPACE || split !== false) return ['unknown']
  return scheme === 'never' ? ['spaces'] : ['spaces', 'prefix']
}
