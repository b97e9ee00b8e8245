/** Measures how fast this machine's processor gets through weights of each type. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../backend.ts'
import { EngineError } from '../../errors.ts'
import { type CpuProfile, type CpuSample, cpuProfileFrom } from '../../fit/cpu-profile.ts'
import { fastestToken } from './fastest-token.ts'
import { type CalibrationModel, calibrationModels } from './models.ts'

/** Whatever else runs only makes it slower: the best of several rounds is the truest. */
const ROUNDS = 2
const TOKENS = 24

export interface CalibrationOptions {
  backend: Pick<Backend, 'load'>
  signal: AbortSignal
  /** Told before each measurement; fractions from 0 to below 1. */
  onProgress?: (fraction: number) => void
}

/**
 * Calibrates the processor with as many threads as the backend uses by itself: ten small models, one after the other,
 * each in a process of its own. Takes ten seconds to a minute and at most 0.5 GB of memory. Throws EngineError: `load_failed`,
 * and `unsupported` where measurements contradict each other, as those of a busy machine do; the signal's reason.
 */
export async function calibrateCpu({ backend, signal, onProgress }: CalibrationOptions): Promise<CpuProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'snug-calibration-'))
  try {
    const models = await calibrationModels(folder)
    const best = new Map<CalibrationModel, number>()
    const jobs = Array.from({ length: ROUNDS }, () => models).flat()
    for (const [done, model] of jobs.entries()) {
      signal.throwIfAborted()
      onProgress?.(done / jobs.length)
      const seconds = await fastestToken(backend, model.path, { tokens: TOKENS, threads: 0, signal })
      best.set(model, Math.min(seconds, best.get(model) ?? Number.POSITIVE_INFINITY))
    }
    const profile = profileFrom(models, (model) => best.get(model) ?? Number.NaN)
    if (profile !== undefined) return profile
    throw new EngineError(
      'unsupported',
      'the measurements contradict each other: something else keeps the processor busy, try again when it rests',
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The profile that explains how many seconds a token took with each of the models; undefined as `cpuProfileFrom`. */
export function profileFrom(
  models: readonly CalibrationModel[],
  secondsPerToken: (model: CalibrationModel) => number,
): CpuProfile | undefined {
  const samplesOf = (wanted: CalibrationModel['part']): CpuSample[] =>
    models
      .filter(({ part }) => part === wanted)
      .map((model) => ({ ...model.sample, secondsPerToken: secondsPerToken(model) }))
  const [thin] = samplesOf('thin')
  const [thinWithExperts] = samplesOf('thinWithExperts')
  if (thin === undefined || thinWithExperts === undefined) return undefined
  return cpuProfileFrom({ wide: samplesOf('wide'), thin, thinWithExperts })
}
