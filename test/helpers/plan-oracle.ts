/**
 * The question of what fits best answered by trying everything: each offer, context and cache type with each way to
 * cut the layers into a part for the CPU and one run for every GPU, and each number of layers with experts in main
 * memory. Nothing of the planner is used but the sizes of caches and buffers. GPUs are of the class `nvidia-gddr`.
 */
import { cacheBytesPerLayer } from '../../engine/fit/cache.ts'
import { deviceComputeBytes, hostComputeBytes } from '../../engine/fit/compute.ts'
import type { Device, Machine, ModelFacts, Offer } from '../../engine/fit/types.ts'
import { GIB, MIB } from './machines.ts'

export interface Answer {
  pass: number
  divergence: number
  nearContext: number
  isQuantizedCache: boolean
  contextLength: number
  tokensPerSecond: number
}

/** File types and what they lose. */
export const LOSSES: Record<string, number> = {
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
/** Passes in order. */
const LEAST: readonly [loss: number, speed: number, context: number, onGpu: boolean][] = [
  [0.05, 13.5, COMFORT, true],
  [0.05, 13.5, COMFORT, false],
  [0.05, 7.2, 8192, false],
  [0.12, 7.2, 8192, false],
  [0.5, 3.6, 8192, false],
  [9, 3.6, 4096, false],
  [9, 1.35, 0, false],
  [9, 0, 0, false],
]

/** The best that trying everything finds. */
export function bestAnswer(model: ModelFacts, machine: Machine): Answer | undefined {
  const contexts = [131072, 65536, 32768, 16384, 8192, 4096].filter(
    (context) => context <= model.contextLength,
  )
  let best: Answer | undefined
  for (const contextLength of contexts) {
    for (const cacheType of ['f16', 'q8_0'] as const) {
      for (const answer of model.offers.flatMap((offer) =>
        answersOf({ model, machine, offer, contextLength, cacheType }),
      )) {
        if (best === undefined || isBetter(answer, best)) best = answer
      }
    }
  }
  return best
}

interface Try {
  model: ModelFacts
  machine: Machine
  offer: Offer
  contextLength: number
  cacheType: 'f16' | 'q8_0'
}

/** A way to divide the model, with its speed. */
interface Way {
  tokensPerSecond: number
  kind: 'gpu' | 'experts' | 'expert-layers' | 'layers' | 'cpu'
}

function answersOf(one: Try): Answer[] {
  const { model, contextLength, cacheType, offer } = one
  const divergence = LOSSES[offer.fileType] ?? 99
  const nearContext = Math.min(contextLength, 2 * Math.min(COMFORT, model.contextLength))
  const ways = divisions(one)
  // Layers of a mixture of experts go to the CPU only where no way to put experts there suffices.
  const suffices = ways.some(({ kind }) => kind === 'experts' || kind === 'gpu')
  return ways
    .filter(({ kind }) => !(suffices && kind === 'expert-layers'))
    .map((way) => ({
      pass: passOf(one, way, divergence),
      divergence,
      nearContext,
      isQuantizedCache: cacheType !== 'f16',
      contextLength,
      tokensPerSecond: way.tokensPerSecond,
    }))
    .filter(({ pass }) => pass >= 0)
}

function passOf({ model, contextLength }: Try, { tokensPerSecond, kind }: Way, loss: number): number {
  const floor = model.parameters >= (model.experts ? 100e9 : 60e9) ? 9 : 0.12
  return LEAST.findIndex(
    ([worst, speed, context, onGpu]) =>
      loss < Math.min(worst, floor) &&
      tokensPerSecond >= speed &&
      contextLength >= Math.min(context, COMFORT, model.contextLength) &&
      (kind === 'gpu' || !onGpu),
  )
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
  const differing = order(a).findIndex((value, i) => value !== other[i])
  return differing >= 0 && (order(a)[differing] ?? 0) < (other[differing] ?? 0)
}

/** All ways to write a number as a sum of so many, zeros among them. */
function sums(total: number, terms: number): number[][] {
  if (terms === 0) return []
  if (terms === 1) return [[total]]
  return Array.from({ length: total + 1 }, (_, n) =>
    sums(total - n, terms - 1).map((rest) => [n, ...rest]),
  ).flat()
}

function divisions(one: Try): Way[] {
  const { layers } = one.offer.parts
  const { length } = one.machine.devices
  const upTo = (last: number) => Array.from({ length: last + 1 }, (_, i) => i)
  const mostExperts = layers.some(({ experts }) => experts > 0) ? layers.length : 0
  const byExperts = upTo(mostExperts).flatMap((n) =>
    sums(layers.length + 1, length).map((counts) => ({ counts, first: 0, n })),
  )
  const byLayers = upTo(layers.length).flatMap((first) =>
    first === 0 ? [] : sums(layers.length + 1 - first, length).map((counts) => ({ counts, first, n: first })),
  )
  const onCpu = { counts: [], first: layers.length, n: layers.length }
  return [...byExperts, ...byLayers, onCpu].flatMap(
    ({ counts, first, n }) => evaluate(one, counts, first, n) ?? [],
  )
}

function settingsOf({ contextLength, cacheType }: Try) {
  const types = { keyType: cacheType, valueType: cacheType }
  const layout = { contextLength, sequences: 1, isUnified: false, stepTokens: 512, ...types }
  return { layout, hasFlashAttention: true }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
const usedOf = ({ experts }: ModelFacts): number => (experts ? experts.used / experts.count : 1)

function evaluate(one: Try, counts: number[], first: number, expertsFrom: number): Way | undefined {
  const active = counts.filter((count) => count > 0).length
  const starts = counts.map((_, i) => first + total(counts.slice(0, i)))
  const isWhole = first === 0 && expertsFrom === 0
  const times = counts.map((count, i) => {
    const device = one.machine.devices[i]
    if (count === 0 || device === undefined) return 0
    return onDevice(one, device, {
      start: starts[i] ?? 0,
      count,
      expertsFrom,
      isPipelined: isWhole && active > 1,
    })
  })
  const cpu = inRam(one, first, expertsFrom, active)
  const seconds = total([...times, cpu])
  return Number.isNaN(seconds)
    ? undefined
    : { tokensPerSecond: 1 / seconds, kind: kindOf(one, first, expertsFrom, active) }
}

function kindOf({ model }: Try, first: number, expertsFrom: number, active: number): Way['kind'] {
  if (active === 0) return 'cpu'
  if (first === 0) return expertsFrom === 0 ? 'gpu' : 'experts'
  return model.experts ? 'expert-layers' : 'layers'
}

type Run = { start: number; count: number; expertsFrom: number; isPipelined: boolean }

/** Seconds a token on a GPU; NaN when it is too small. */
function onDevice(one: Try, device: Device, { start, count, expertsFrom, isPipelined }: Run): number {
  const { model, offer } = one
  const { layers, output } = offer.parts
  const settings = settingsOf(one)
  const hasOutput = start + count > layers.length
  const own = layers.slice(start, start + count)
  const experts = total(own.map((layer, i) => (start + i >= expertsFrom ? layer.experts : 0)))
  const dense = total(own.map((layer) => layer.dense)) + (hasOutput ? output : 0)
  const cache = total(cacheBytesPerLayer(model.hyperparameters, settings.layout).slice(start, start + count))
  const compute = 1.2 * deviceComputeBytes(model.hyperparameters, { ...settings, isPipelined }, { hasOutput })
  if (dense + experts + cache + compute > device.freeBytes - 1024 * MIB) return Number.NaN
  const fixed = 45e-6 * own.length + 15e-6 * own.filter((layer) => layer.experts > 0).length
  return (dense + experts * usedOf(model)) / (0.85 * device.bandwidth) + fixed
}

/** Seconds a token for what lies in main memory; NaN when that is too small. */
function inRam(one: Try, first: number, expertsFrom: number, active: number): number {
  const { model, machine, offer } = one
  const { layers, output, lookup } = offer.parts
  const settings = settingsOf(one)
  const dense = total(layers.slice(0, first).map((layer) => layer.dense))
  const experts = total(layers.slice(0, expertsFrom).map((layer) => layer.experts))
  const cache = total(cacheBytesPerLayer(model.hyperparameters, settings.layout).slice(0, first))
  const { embeddingLength, vocabularySize } = model.hyperparameters
  const { stepTokens, contextLength } = settings.layout
  const embeddings = 4 * Math.min(stepTokens, contextLength) * embeddingLength
  const compute =
    active === 0
      ? 1.2 * (deviceComputeBytes(model.hyperparameters, settings) + embeddings)
      : hostComputeBytes(model.hyperparameters, settings)
  const buffers = compute + 4 * vocabularySize
  const ownOutput = active === 0 && !offer.isTied ? output : 0
  const { availableBytes, totalBytes, bandwidth } = machine.ram
  const budget = availableBytes - Math.min(16 * GIB, Math.max(4 * GIB, 0.1 * totalBytes))
  if (lookup + dense + experts + cache + buffers + ownOutput > budget) return Number.NaN
  const rate = bandwidth * (/^IQ[123]/.test(offer.fileType) ? 0.6 : 1)
  const read = dense + (active === 0 ? output : 0)
  return read / (0.9 * rate) + (experts * usedOf(model)) / (0.4 * rate)
}
