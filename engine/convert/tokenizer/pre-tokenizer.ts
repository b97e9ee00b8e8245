import { z } from 'zod'
import { excerpt, refused } from '../refuse.ts'

// What cuts a text into words before merging. llama.cpp knows a number of ways by name, each written down in its
// src/llama-vocab.cpp; here they are as tokenizer.json files write them.

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const words = (digits: string) =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]'
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'
const cased = (suffix: string, digits: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${suffix}` +
  `|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`

const LLAMA3 = words('\\p{N}{1,3}')
const QWEN2 = words('\\p{N}')
const QWEN35 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${SPACES}`
const SEED_CODER = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${SPACES}`

/** Name in GGUF by the steps; the first for vocabularies in which whole words come before merges. */
interface PreTokenizer {
  ignoringMerges?: string
  merging?: string
}
const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map([
  [`split ${LLAMA3}\nbytes`, { ignoringMerges: 'llama-bpe', merging: 'smaug-bpe' }],
  [`split ${QWEN2}\nbytes`, { merging: 'qwen2' }],
  [`split ${QWEN35}\nbytes`, { merging: 'qwen35' }],
  [`split ${SEED_CODER}\nbytes`, { merging: 'seed-coder' }],
  [`split ${cased(`${CONTRACTIONS}?`, '\\p{N}{1,3}')}\nbytes`, { merging: 'gpt-4o' }],
  // Such a vocabulary comes from ranks: its merges lead to every word it has, so that both ways are one.
  [`split ${cased('', '\\p{N}')}\nbytes`, { ignoringMerges: 'tekken', merging: 'tekken' }],
  ['words and bytes', { merging: 'gpt-2' }],
  ['digits\nwords and bytes', { merging: 'smollm' }],
])

const Step = z.object({
  type: z.string(),
  pretokenizers: z.array(z.unknown()).max(16).optional(),
  pattern: z
    .object({ Regex: z.string() })
    .or(z.object({ String: z.string() }))
    .optional(),
  behavior: z.string().optional(),
  invert: z.boolean().optional(),
  add_prefix_space: z.boolean().optional(),
  use_regex: z.boolean().optional(),
  individual_digits: z.boolean().optional(),
})

/**
 * The name that GGUF has for the `pre_tokenizer` of a byte-level tokenizer.json. Throws EngineError `convert_failed` for
 * one without a name: under any other the model would read texts in words it has never seen.
 */
export function preTokenizerName(value: unknown, ignoreMerges: boolean): string {
  const found = PRE_TOKENIZERS.get(stepsOf(value, MAX_DEPTH).join('\n'))
  const name = ignoreMerges ? found?.ignoringMerges : found?.merging
  if (name !== undefined) return name
  const merges = ignoreMerges ? ' with ignore_merges' : ''
  throw refused(`tokenizer.json: the pre-tokenizer ${excerpt(value)}${merges} is not known`)
}
const MAX_DEPTH = 4

/** The steps in words that leave out what makes no difference to tokens. */
function stepsOf(value: unknown, depth: number): string[] {
  const parsed = Step.safeParse(value)
  if (!parsed.success || depth === 0) return ['unknown']
  const step = parsed.data
  switch (step.type) {
    case 'Sequence':
      return (step.pretokenizers ?? []).flatMap((inner) => stepsOf(inner, depth - 1))
    case 'Split':
      return [splitOf(step)]
    case 'Digits':
      return [step.individual_digits === true ? 'digits' : 'unknown']
    case 'ByteLevel':
      // Both are true where the file does not say.
      if (step.add_prefix_space !== false) return ['unknown']
      return [step.use_regex === false ? 'bytes' : 'words and bytes']
    default:
      return ['unknown']
  }
}

/** Known patterns match every text to its end: whether matches are kept or what is between is removed is one. */
function splitOf({ pattern, behavior, invert }: z.infer<typeof Step>): string {
  const isKept = (behavior === 'Isolated' && invert !== true) || (behavior === 'Removed' && invert === true)
  if (!isKept || pattern === undefined || !('Regex' in pattern)) return 'unknown'
  return `split ${pattern.Regex.replaceAll('\r', '\\r').replaceAll('\n', '\\n')}`
}
