import { GgufError } from './error.ts'
import type { GgufHeader, GgufValue } from './types.ts'

type Metadata = GgufHeader['metadata']

/** What a kind of tokenizer does where the file does not say (llama.cpp src/llama-vocab.cpp, load). */
interface Habits {
  /** Numbers of the tokens; none where there is no default. */
  bos?: number
  eos?: number
  separator?: number
  /** Tokens it puts around a text. */
  addsBos?: boolean
  addsEos?: boolean
  addsSeparator?: boolean
}
const HABITS: Readonly<Record<string, Habits>> = {
  llama: { bos: 1, eos: 2, addsBos: true },
  bert: { bos: 101, separator: 102, addsBos: true, addsSeparator: true },
  gpt2: { bos: 11, eos: 11 },
  t5: { eos: 1, addsEos: true },
  plamo2: { bos: 1, eos: 2 },
  gemma4: {},
}

/**
 * Refuses a tokenizer that puts a token around every text which it does not have: llama.cpp ends its process at the
 * first text then.
 */
export function checkSpecialTokens(metadata: Metadata, tokenCount: number): void {
  const kind = metadata.get('tokenizer.ggml.model')
  const habits = typeof kind === 'string' && Object.hasOwn(HABITS, kind) ? HABITS[kind] : undefined
  if (habits === undefined) return
  const value = (key: string) => metadata.get(`tokenizer.ggml.${key}`)
  const isThere = (key: string, usual: number | undefined) =>
    isToken(value(key), tokenCount) || isToken(usual, tokenCount)
  // The WordPiece tokenizer asks no flag.
  const says = (key: string) => (kind === 'bert' ? undefined : flag(value(key)))
  const around = [
    { key: 'bos_token_id', usual: habits.bos, adds: says('add_bos_token') ?? habits.addsBos },
    { key: 'eos_token_id', usual: habits.eos, adds: says('add_eos_token') ?? habits.addsEos },
    { key: 'seperator_token_id', usual: habits.separator, adds: habits.addsSeparator },
  ]
  for (const { key, usual, adds } of around) {
    if (adds === true && !isThere(key, usual)) {
      throw new GgufError(
        `tokenizer.ggml.${key} names none of the ${tokenCount} tokens, and every text is to have it`,
      )
    }
  }
}

const flag = (value: GgufValue | undefined) => (typeof value === 'boolean' ? value : undefined)
const isToken = (id: GgufValue | undefined, tokenCount: number) =>
  typeof id === 'number' && id >= 0 && id < tokenCount
