import { describe, expect, test } from 'vitest'
import type { Architecture } from '../../../engine/fit/architecture.ts'
import { cacheBytesPerLayer } from '../../../engine/fit/cache.ts'
import { deviceComputeBytes, hostComputeBytes } from '../../../engine/fit/compute.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import { shareBytes } from '../../../engine/fit/placement.ts'
import type { Device, Machine, ModelFacts, Offer } from '../../../engine/fit/types.ts'
import type { FileType } from '../../../engine/gguf/file-type.ts'
import { GIB, MIB } from '../../helpers/machines.ts'
import { randomFrom } from '../../helpers/random-plans.ts'

/**
 * The same question answered by trying everything: each offer, context and cache type with each way to cut the
 * layers into a part for the CPU and one run for every GPU, and each number of layers with experts in main memory.
 * Nothing of the planner is used but the sizes of caches and buffers.
 */
interface Answer {
  pass: number
  divergence: number
  nearContext: number
  isQuantizedCache: boolean
  contextLength: number
  tokensPerSecond: number
}

const TYPES: Record<string, number> = {
  Q8_0: 0.0014,
  Q6_K: 0.0055,
  Q5_K_M: 0.0108,
  Q4_K_M: 0.0282,
  Q3_K_M: 0.0844,
  IQ3_XXS: 0.1836,
  Q2_K: 0.332,
  IQ2_XXS: 0.812,
}
const COMFORT = 16384
const LEAST: readonly [divergence: number, speed: number, context: number, onGpu: boolean][] = [
  [0.05, 13.5, COMFORT, true],
  [0.05, 13.5, COMFORT, false],
  [0.05, 7.2, 8192, false],
  [0.12, 7.2, 8192, false],
  [0.5, 3.6, 8192, false],
  [9, 3.6, 4096, false],
  [9, 1.35, 0, false],
  [9, 0, 0, false],
]

function* answers(model: ModelFacts, machine: Machine): Generator<Answer> {
  const floor = model.parameters >= (model.experts ? 100e9 : 60e9) ? 9 : 0.12
  for (const contextLength of [131072, 65536, 32768, 16384, 8192, 4096]) {
    if (contextLength > model.contextLength) continue
    for (const cacheType of ['f16', 'q8_0'] as const) {
      for (const offer of model.offers) {
        const divergence = TYPES[offer.fileType] ?? 99
        for (const { tokensPerSecond, onGpu } of divisions(model, machine, offer, contextLength, cacheType)) {
          const pass = LEAST.findIndex(
            ([worst, speed, context, gpu]) =>
              divergence < Math.min(worst, floor) &&
              tokensPerSecond >= speed &&
              contextLength >= Math.min(context, COMFORT, model.contextLength) &&
              (onGpu || !gpu),
          )
          if (pass < 0) continue
          const nearContext = Math.min(contextLength, 2 * Math.min(COMFORT, model.contextLength))
          const isQuantizedCache = cacheType !== 'f16'
          yield { pass, divergence, nearContext, isQuantizedCache, contextLength, tokensPerSecond }
        }
      }
    }
  }
}

/**
 * The planner fills the fastest GPU first and does not ask whether a layer less there would spare the slowest its
 * only part: that gains a fraction of a percent at best.
 */
const SPEED_AGREEMENT = 0.995

/** All ways to write a number as a sum of so many, zeros among them. */
function* sums(total: number, terms: number): Generator<number[]> {
  if (terms === 1) yield [total]
  else for (let n = 0; n <= total; n++) for (const rest of sums(total - n, terms - 1)) yield [n, ...rest]
}

function* divisions(
  model: ModelFacts,
  machine: Machine,
  offer: Offer,
  contextLength: number,
  cacheType: 'f16' | 'q8_0',
): Generator<{ tokensPerSecond: number; onGpu: boolean }> {
  const { layers, output, lookup } = offer.parts
  const layout = {
    contextLength,
    sequences: 1,
    isUnified: false,
    stepTokens: 512,
    keyType: cacheType,
    valueType: cacheType,
  }
  const settings = { layout, hasFlashAttention: true }
  const cache = cacheBytesPerLayer(model.hyperparameters, layout)
  const host = hostComputeBytes(model.hyperparameters, settings) + 4 * model.hyperparameters.vocabularySize
  const ramBudget =
    machine.ram.availableBytes - Math.min(16 * GIB, Math.max(4 * GIB, 0.1 * machine.ram.totalBytes))
  const used = model.experts ? model.experts.used / model.experts.count : 1
  const slow = /^IQ[123]/.test(offer.fileType) ? 0.6 : 1
  const { devices } = machine
  for (let first = 0; first <= layers.length + 1; first++) {
    if (first === layers.length) continue
    const parts = first > layers.length ? 0 : layers.length + 1 - first
    for (let experts = 0; experts <= layers.length; experts++) {
      if (experts > 0 && layers.every((layer) => layer.experts === 0)) break
      if (first > 0 && experts > first) break
      for (const counts of parts === 0 ? [devices.map(() => 0)] : sums(parts, Math.max(1, devices.length))) {
        if (counts.some((count, i) => count > 0 && devices[i] === undefined)) continue
        const found = evaluate(counts, Math.min(first, layers.length), experts)
        if (found !== undefined) yield found
      }
    }
  }

  function evaluate(counts: number[], first: number, expertsFrom: number) {
    const active = counts.filter((count) => count > 0).length
    const isPipelined = active > 1 && first === 0 && expertsFrom === 0
    let seconds = 0
    let next = first
    let ram = lookup + host
    let read = { dense: 0, experts: 0 }
    for (let i = 0; i < first; i++) {
      ram += (layers[i]?.dense ?? 0) + (layers[i]?.experts ?? 0) + (cache[i] ?? 0)
      read = {
        dense: read.dense + (layers[i]?.dense ?? 0),
        experts: read.experts + (layers[i]?.experts ?? 0),
      }
    }
    for (let i = first; i < expertsFrom; i++) {
      ram += layers[i]?.experts ?? 0
      read.experts += layers[i]?.experts ?? 0
    }
    for (const [d, count] of counts.entries()) {
      const device = devices[d]
      if (count === 0 || device === undefined) continue
      let bytes = 0
      let weights = 0
      let fixed = 0
      for (let part = next; part < next + count; part++) {
        const layer = layers[part]
        if (layer === undefined) {
          bytes += output
          weights += output
          continue
        }
        const own = part >= expertsFrom ? layer.experts : 0
        bytes += layer.dense + own + (cache[part] ?? 0)
        weights += layer.dense + own * used
        fixed += 45e-6 + (layer.experts > 0 ? 15e-6 : 0)
      }
      next += count
      const compute = deviceComputeBytes(
        model.hyperparameters,
        { ...settings, isPipelined },
        { hasOutput: next > layers.length },
      )
      if (bytes + 1.2 * compute > device.freeBytes - 1024 * MIB) return undefined
      seconds += weights / (0.85 * device.bandwidth) + fixed
    }
    if (active === 0) {
      ram += (offer.isTied ? 0 : output) + 1.2 * deviceComputeBytes(model.hyperparameters, settings)
      read.dense += output
    }
    if (ram > ramBudget) return undefined
    seconds += read.dense / (0.9 * slow * machine.ram.bandwidth)
    seconds += (read.experts * used) / (0.4 * slow * machine.ram.bandwidth)
    return { tokensPerSecond: 1 / seconds, onGpu: first === 0 && expertsFrom === 0 && active > 0 }
  }
}

function isBetter(a: Answer, b: Answer): boolean {
  const order = (x: Answer) => [
    x.pass,
    x.divergence,
    -x.nearContext,
    Number(x.isQuantizedCache),
    -x.contextLength,
    -x.tokensPerSecond,
  ]
  const other = order(b)
  for (const [i, value] of order(a).entries()) if (value !== other[i]) return value < (other[i] ?? 0)
  return false
}

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
  const offers = Object.keys(TYPES).map((fileType) => ({
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

describe('the decision, compared with trying everything', () => {
  test('agrees in 100 of 100 random machines and models', () => {
    const disagreements: unknown[] = []
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 100; seed++) {
      const random = randomFrom(seed)
      const model = randomModel(random)
      const machine = randomMachine(random)
      const plan = decide({ model, machine })
      let best: Answer | undefined
      for (const answer of answers(model, machine)) {
        if (best === undefined || isBetter(answer, best)) best = answer
      }
      const { offer, settings, decode, placement } = plan.chosen?.candidate ?? {}
      outcomes.add(`${plan.verdict} ${plan.pass ?? ''} ${placement?.mode}`)
      const passes = ['A', 'A2', 'B', 'C', 'D', 'E', 'F', 'G']
      const same =
        best === undefined
          ? plan.verdict === 'does-not-fit'
          : plan.pass === passes[best.pass] &&
            TYPES[offer?.fileType ?? ''] === best.divergence &&
            settings?.contextLength === best.contextLength &&
            (settings.cacheType !== 'f16') === best.isQuantizedCache &&
            (decode?.tokensPerSecond ?? 0) / best.tokensPerSecond > SPEED_AGREEMENT
      if (!same) {
        const ours = [
          plan.pass,
          offer?.fileType,
          settings?.contextLength,
          settings?.cacheType,
          decode?.tokensPerSecond,
        ]
        disagreements.push({ seed, best, ours, placement: placement?.mode, gpus: machine.devices.length })
      }
      for (const share of placement?.shares ?? []) {
        if (plan.verdict === 'fits') expect(shareBytes(share)).toBeLessThanOrEqual(share.budgetBytes)
      }
    }
    expect(disagreements).toEqual([])
    // The cases would prove little if they all ended alike.
    expect(outcomes.size).toBeGreaterThan(8)
  }, 120_000)
})
