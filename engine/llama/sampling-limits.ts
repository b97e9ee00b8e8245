/**
 * What of a client's numbers may reach llama.cpp's samplers. They compute in 32-bit floats and do not expect
 * numbers that overflow them: a NaN among the logits leaves sorting undefined. Within these limits sums and
 * products stay finite; beyond them no setting would act differently anyway.
 */
import { randomInt } from 'node:crypto'
import type { SamplingOptions } from '../model-options.ts'

/** Far above any logit, far below what a 32-bit float holds, even times the length of a context. */
const HUGE = 1e9
const LEAST_TEMPERATURE = 1e-20
/** llama.cpp takes this seed for "choose one" (include/llama.h LLAMA_DEFAULT_SEED). */
const RANDOM_SEED = 0xffffffff
/** What llama-server puts in the place of a base below 1 (tools/server/server-schema.cpp, common/common.h). */
const DEFAULT_DRY_BASE = 1.75

/** `value` within limits; `otherwise` when it is no number, as JSON leaves it of NaN and infinity. */
function within(value: number, least: number, most: number, otherwise: number): number {
  const isNumber = typeof value === 'number' && !Number.isNaN(value)
  return isNumber ? Math.min(Math.max(value, least), most) : otherwise
}

const whole = (value: number, least: number, most: number, otherwise: number): number =>
  Math.trunc(within(value, least, most, otherwise))

/** How the next token is drawn. Absent means that the step is left out. */
export interface Choice {
  /** Undefined: the likeliest token is taken, whatever else is set. */
  temperature: number | undefined
  seed: number
  mirostat: { version: 1 | 2; tau: number; eta: number } | undefined
  topNSigma: number | undefined
  topK: number | undefined
  typicalP: number | undefined
  topP: number | undefined
  minP: number | undefined
  xtc: { probability: number; threshold: number } | undefined
}

/** The samplers that narrow the choice and draw, with arguments llama.cpp can take. */
export function choiceOf(options: SamplingOptions, vocabularySize: number): Choice {
  const temperature = within(options.temperature, 0, HUGE, 0)
  const topK = whole(options.topK, 0, vocabularySize, 0)
  const typicalP = within(options.typicalP, 0, 1, 1)
  const topP = within(options.topP, 0, 1, 1)
  const minP = within(options.minP, 0, 1, 0)
  const topNSigma = within(options.topNSigma, 0, HUGE, 0)
  const xtc = {
    probability: within(options.xtcProbability, 0, 1, 0),
    threshold: within(options.xtcThreshold, 0, 1, 1),
  }
  return {
    temperature: temperature > 0 ? Math.max(temperature, LEAST_TEMPERATURE) : undefined,
    seed: seedOf(options.seed),
    mirostat: mirostatOf(options),
    topNSigma: topNSigma > 0 ? topNSigma : undefined,
    topK: topK > 0 ? topK : undefined,
    typicalP: typicalP < 1 ? typicalP : undefined,
    topP: topP < 1 ? topP : undefined,
    minP: minP > 0 ? minP : undefined,
    // llama.cpp: above 0.5 no two tokens can reach the threshold.
    xtc: xtc.probability > 0 && xtc.threshold <= 0.5 ? xtc : undefined,
  }
}

function seedOf(seed: number): number {
  const known = whole(seed, -1, Number.MAX_VALUE, -1)
  return known < 0 ? randomInt(RANDOM_SEED) : known % RANDOM_SEED
}

function mirostatOf({ mirostat, mirostatTau, mirostatEta }: SamplingOptions): Choice['mirostat'] {
  if (mirostat !== 1 && mirostat !== 2) return undefined
  return { version: mirostat, tau: within(mirostatTau, 0, 1000, 5), eta: within(mirostatEta, 0, 1000, 0.1) }
}

/** Tokens looked back on; negative is the whole context. */
const lookBackOf = (tokens: number, contextLength: number): number => {
  const asked = whole(tokens, -1, contextLength, 0)
  return asked < 0 ? contextLength : asked
}

export type PenaltyArguments = [lookBack: number, repeat: number, frequency: number, presence: number]

/** Undefined when these options penalise nothing. */
export function penaltyArguments(
  options: SamplingOptions,
  contextLength: number,
): PenaltyArguments | undefined {
  const lookBack = lookBackOf(options.repeatLastN, contextLength)
  // Logits are divided by it: nothing but a positive one means anything.
  const isPositive = options.repeatPenalty > 0
  const repeat = isPositive ? within(options.repeatPenalty, 1 / HUGE, HUGE, 1) : 1
  const frequency = within(options.frequencyPenalty, -HUGE, HUGE, 0)
  const presence = within(options.presencePenalty, -HUGE, HUGE, 0)
  const isNeutral = repeat === 1 && frequency === 0 && presence === 0
  return lookBack === 0 || isNeutral ? undefined : [lookBack, repeat, frequency, presence]
}

export type DryArguments = [
  multiplier: number,
  base: number,
  allowedLength: number,
  lookBack: number,
  breakers: string[],
  breakerCount: number,
]

/** Undefined when DRY is off: a multiplier that does not punish, or nothing to look back on. */
export function dryArguments(options: SamplingOptions, contextLength: number): DryArguments | undefined {
  const multiplier = within(options.dryMultiplier, 0, HUGE, 0)
  const lookBack = lookBackOf(options.dryPenaltyLastN, contextLength)
  if (multiplier === 0 || lookBack === 0) return undefined
  const base = within(options.dryBase, 0, HUGE, DEFAULT_DRY_BASE)
  const allowedLength = whole(options.dryAllowedLength, 0, contextLength, 0)
  const breakers = [...options.drySequenceBreakers]
  return [multiplier, base < 1 ? DEFAULT_DRY_BASE : base, allowedLength, lookBack, breakers, breakers.length]
}

/** Biases of tokens that exist, finite ones. */
export const biasesOf = (options: SamplingOptions, vocabularySize: number): [token: number, bias: number][] =>
  options.logitBias
    .filter(([token]) => Number.isInteger(token) && token >= 0 && token < vocabularySize)
    .map(([token, bias]) => [token, within(bias, -HUGE, HUGE, 0)])
