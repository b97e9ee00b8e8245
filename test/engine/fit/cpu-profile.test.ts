import { expect, test } from 'vitest'
import { type CpuSample, cpuProfileFrom } from '../../../engine/fit/cpu-profile.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { headerFacts } from '../../../engine/fit/model-facts.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { writeGguf } from '../../helpers/gguf.ts'
import { machineWith } from '../../helpers/machines.ts'
import { metadataOf, SHAPE_100M, tensorsOf } from '../../helpers/random-model.ts'

const RATES = { Q8_0: 10e9, Q4_K: 4e9 }
const LAYER = 20e-6
const EXPERT_LAYER = 50e-6

/** What a machine with these constants would take. */
const sample = (type: keyof typeof RATES, bytes: number, layers: number, expertLayers = 0): CpuSample => ({
  type,
  bytes,
  layers,
  expertLayers,
  secondsPerToken: bytes / RATES[type] + layers * LAYER + expertLayers * EXPERT_LAYER,
})
const SAMPLES = {
  wide: [sample('Q8_0', 2e8, 4), sample('Q4_K', 1e8, 4)],
  thin: sample('Q8_0', 2e7, 48),
  thinWithExperts: sample('Q8_0', 2e7, 24, 24),
}

test('a calibration finds the constants that made it', () => {
  const profile = cpuProfileFrom(SAMPLES) ?? expect.unreachable('the samples agree')
  expect(profile.bytesPerSecond.Q8_0).toBeCloseTo(RATES.Q8_0, -3)
  expect(profile.bytesPerSecond.Q4_K).toBeCloseTo(RATES.Q4_K, -3)
  expect(profile.layerSeconds).toBeCloseTo(LAYER, 9)
  expect(profile.expertLayerSeconds).toBeCloseTo(EXPERT_LAYER, 9)
})

test.each<[string, Partial<typeof SAMPLES>]>([
  ['a narrow model that took no time', { thin: { ...SAMPLES.thin, secondsPerToken: 0 } }],
  ['no wide model of the type of the narrow ones', { wide: SAMPLES.wide.slice(1) }],
])('a calibration with %s is none', (_, change) => {
  expect(cpuProfileFrom({ ...SAMPLES, ...change })).toBeUndefined()
})

const header = parseGguf(
  writeGguf({ metadata: metadataOf(SHAPE_100M), tensors: tensorsOf(SHAPE_100M), headerOnly: true }),
)
const decodeOn = (bytesPerSecond: Record<string, number>) => {
  const offer = { name: 'm', fileType: 'Q8_0', source: 'installed', isNative: false } as const
  const model = headerFacts(header, offer) ?? expect.unreachable('the header is enough')
  const cpu = { bytesPerSecond, layerSeconds: LAYER, expertLayerSeconds: EXPERT_LAYER }
  const machine = { ...machineWith([], { gibibytes: 32, dataSheet: 40 }), cpu }
  const { chosen } = decide({ model, machine }, { contextLength: 4096 })
  const decode = chosen?.candidate.decode ?? expect.unreachable('it fits')
  return { ...decode, bytes: model.offers[0]?.weightBytes ?? 0 }
}

test('a calibrated CPU is as fast as its types and layers say', () => {
  const { tokensPerSecond, confidence, bytes } = decodeOn(RATES)
  expect(1 / tokensPerSecond).toBeCloseTo(bytes / RATES.Q8_0 + SHAPE_100M.layers * LAYER, 5)
  expect(confidence).toBe('class')
})

test('types that were not measured are estimated by bandwidth', () => {
  const { tokensPerSecond, confidence, bytes } = decodeOn({ Q4_K: 4e9 })
  expect(1 / tokensPerSecond).toBeCloseTo(bytes / (0.9 * 0.8 * 40e9), 4)
  expect(confidence).toBe('hybrid')
})
