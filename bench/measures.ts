/** What is measured. Each step gives numbers by the name of their measure. */
import type { Ask, Contestant } from './contestant.ts'
import { residentTreeBytes } from './process-tree.ts'

export interface Measure {
  name: string
  unit: string
  digits: number
  better: 'more' | 'less'
}

export type Numbers = Map<Measure, number>
export type Step = (contestant: Contestant, round: number) => Promise<Numbers>

/** Tokens of a prompt that caches help with, and of what follows it. */
const PREFIX_TOKENS = 384
const TAIL_TOKENS = 16
/** Prompts of the streams: short, so that what counts is generating. */
const STREAM_PROMPT_TOKENS = 24
/** Two batches, so that hanging up finds the first one under way. */
const ABANDONED_TOKENS = 900
const HANG_UP_AFTER_MS = 300
/** Begin-of-text and the space that the tokenizer puts in front. */
const EXTRA_TOKENS = 2
const MIB = 2 ** 20

const PROMPT: Measure = { name: 'Prompt', unit: 'tokens/s', digits: 0, better: 'more' }
export const DECODE: Measure = { name: 'Decode, one stream', unit: 'tokens/s', digits: 1, better: 'more' }
const COLD: Measure = { name: 'First token, cold', unit: 'ms', digits: 0, better: 'less' }
const CACHED: Measure = {
  name: `First token, ${PREFIX_TOKENS} tokens cached`,
  unit: 'ms',
  digits: 0,
  better: 'less',
}
const ABORT: Measure = {
  name: 'First token of the next request after hanging up in mid-prompt',
  unit: 'ms',
  digits: 0,
  better: 'less',
}
const MEMORY: Measure = { name: 'Resident memory', unit: 'MiB', digits: 0, better: 'less' }

const totals = new Map<number, Measure>()

/** All streams' tokens together, over the time from asking to the last token; prompts are read meanwhile. */
export function totalOf(streams: number): Measure {
  const name = streams === 1 ? 'Total, 1 stream' : `Total, ${streams} streams`
  const measure = totals.get(streams) ?? { name, unit: 'tokens/s', digits: 1, better: 'more' as const }
  totals.set(streams, measure)
  return measure
}

/**
 * A prompt of so many tokens in the vocabulary of the generated models, where a character is a token. What begins
 * with another `mark` has nothing in common with it but what every prompt has.
 */
export function promptOf(mark: string, tokens: number): string {
  const filler = 'the quick brown fox jumps over the lazy dog '
  const length = tokens - EXTRA_TOKENS
  return `${mark} ${filler.repeat(Math.ceil(length / filler.length))}`.slice(0, length)
}

async function read(contestant: Contestant, prompt: string): Promise<number> {
  const [stream] = await contestant.run([{ prompt, tokens: 1 }])
  return stream?.arrivals[0] ?? Number.NaN
}

/** A prompt nobody has seen, then another end after the same beginning. */
export const firstToken: Step = async (contestant, round) => {
  const prefix = promptOf(`${round} first`, PREFIX_TOKENS)
  const tail = 'x'.repeat(TAIL_TOKENS - 1)
  const coldMs = await read(contestant, `${prefix}a${tail}`)
  const cachedMs = await read(contestant, `${prefix}b${tail}`)
  return new Map([
    [PROMPT, ((PREFIX_TOKENS + TAIL_TOKENS) / coldMs) * 1000],
    [COLD, coldMs],
    [CACHED, cachedMs],
  ])
}

/** So many clients who ask at the same moment for so many tokens each. */
export function streaming(streams: number, tokens: number): Step {
  return async (contestant, round) => {
    const asks: Ask[] = Array.from({ length: streams }, (_, i) => ({
      prompt: promptOf(`${round}.${i} of ${streams}`, STREAM_PROMPT_TOKENS),
      tokens,
    }))
    const all = (await contestant.run(asks)).map(({ arrivals }) => arrivals)
    const endMs = Math.max(...all.map((arrivals) => arrivals.at(-1) ?? Number.NaN))
    const numbers: Numbers = new Map([[totalOf(streams), ((streams * tokens) / endMs) * 1000]])
    const [first] = all
    if (streams === 1 && first !== undefined) {
      numbers.set(DECODE, ((tokens - 1) / (endMs - (first[0] ?? Number.NaN))) * 1000)
    }
    return numbers
  }
}

export const hangingUp: Step = async (contestant, round) => {
  const abandoned = { prompt: promptOf(`${round} abandoned`, ABANDONED_TOKENS), tokens: 1 }
  const next = { prompt: promptOf(`${round} next`, STREAM_PROMPT_TOKENS), tokens: 1 }
  return new Map([[ABORT, await contestant.abort(abandoned, HANG_UP_AFTER_MS, next)]])
}

export const memory: Step = async ({ pid }) => new Map([[MEMORY, residentTreeBytes(pid) / MIB]])

/** In the order of the report. */
export const allMeasures = (streams: readonly number[]): Measure[] => [
  PROMPT,
  DECODE,
  ...streams.map(totalOf),
  COLD,
  CACHED,
  ABORT,
  MEMORY,
]
