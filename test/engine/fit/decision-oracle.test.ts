import { expect, test } from 'vitest'
import type { Architecture } from '../../../engine/fit/architecture.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import type { Plan } from '../../../engine/fit/plan.ts'
import type { Device, Machine, ModelFacts } from '../../../engine/fit/types.ts'
import type { FileType } from '../../../engine/gguf/file-type.ts'
import { GIB } from '../../helpers/machines.ts'
import { type Answer, bestAnswer, LOSSES } from '../../helpers/plan-oracle.ts'
import { randomFrom } from '../../helpers/random-plans.ts'

/**
 * The planner fills the fastest GPU first and does not ask whether a layer less there would spare the slowest its
 * only part: that gains a fraction of a percent at best.
 */
const SPEED_AGREEMENT = 0.995

/** Few layers, each as heavy as several of a real model, so that everything can be tried. */
function randomModel(random: (least: number, most: number) => number): ModelFacts {
  const hasExperts = random(0, 1) < 0.5
  const layers = Math.floor(random(3, 7))
  const embeddingLength = 256 * Math.floor(random(16, 48))
  const architecture: Architecture = {
    family: 'llama',
    layers,
    embeddingLength,
    vocabularySize: 32000,
    heads: embeddingLength / 128,
    kvHeads: 8,
    keyLength: 128,
    valueLength: 128,
    feedForwardLength: 256 * Math.floor(random(60, 900)),
    isTied: random(0, 1) < 0.3,
    ...(random(0, 1) < 0.3 && { window: { length: 4096, period: 2 } }),
    ...(hasExperts && {
      experts: {
        count: 64,
        used: Math.floor(random(2, 9)),
        feedForwardLength: 256 * Math.floor(random(8, 40)),
        denseLayers: Math.floor(random(0, 2)),
      },
    }),
  }
  const offers = Object.keys(LOSSES).map((fileType) => ({
    name: fileType,
    fileType: fileType as FileType,
    source: 'library' as const,
  }))
  const some = offers.filter(() => random(0, 1) < 0.6)
  return catalogFacts(
    {
      name: 'random',
      line: 'random',
      architecture,
      contextLength: 4096 * 2 ** Math.floor(random(0, 6)),
      tags: { pattern: '', fileTypes: [] },
    },
    some.length > 0 ? some : offers,
  )
}

function randomMachine(random: (least: number, most: number) => number): Machine {
  const count = Math.floor(random(0, 4))
  const devices = Array.from({ length: count }, (_, i): Device => {
    const totalBytes = Math.round(random(6, 40)) * GIB
    return {
      id: `CUDA${i}`,
      name: 'random',
      speedClass: 'nvidia-gddr',
      totalBytes,
      freeBytes: totalBytes * random(0.7, 1),
      measuredBy: 'ggml',
      bandwidth: random(250, 1800) * 1e9,
    }
  })
  devices.sort((a, b) => b.bandwidth - a.bandwidth)
  const totalBytes = random(16, 200) * GIB
  const ram = { totalBytes, availableBytes: totalBytes * random(0.6, 1), bandwidth: random(30, 220) * 1e9 }
  return { devices, ram, cores: 8 }
}

const NAMES = ['A', 'A2', 'B', 'C', 'D', 'E', 'F', 'G']

/** The same words of both answers; the planner's speed as a share of the best. */
function compared({ verdict, pass, chosen }: Plan, best: Answer | undefined) {
  if (verdict === 'does-not-fit' || chosen === undefined)
    return { planned: 'nothing', tried: wordsOf(best), share: 1 }
  const { offer, settings, decode } = chosen.candidate
  const cache = settings.cacheType === 'f16' ? 'f16' : 'quantized'
  return {
    planned: `${pass} ${LOSSES[offer.fileType]} ${settings.contextLength} ${cache}`,
    tried: wordsOf(best),
    share: decode.tokensPerSecond / (best?.tokensPerSecond ?? 0),
  }
}

const wordsOf = (best: Answer | undefined): string =>
  best === undefined
    ? 'nothing'
    : `${NAMES[best.pass]} ${best.divergence} ${best.contextLength} ${best.isQuantizedCache ? 'quantized' : 'f16'}`

const CASES = 100

test('the decision is what trying everything finds, in 100 of 100 random machines and models', () => {
  const outcomes = new Set<string>()
  for (let seed = 1; seed <= CASES; seed++) {
    const random = randomFrom(seed)
    const model = randomModel(random)
    const machine = randomMachine(random)
    const plan = decide({ model, machine })
    const { planned, tried, share } = compared(plan, bestAnswer(model, machine))
    expect(planned, `seed ${seed}`).toBe(tried)
    expect(share, `seed ${seed}`).toBeGreaterThan(SPEED_AGREEMENT)
    expect(share, `seed ${seed}`).toBeLessThanOrEqual(1 + 1e-9)
    outcomes.add(`${plan.verdict} ${plan.pass} ${plan.chosen?.candidate.placement.mode}`)
  }
  // The cases would prove little if they all ended alike.
  expect(outcomes.size).toBeGreaterThan(8)
}, 120_000)
