import type { Candidate } from './candidates.ts'
import { type Confidence, TOLERANCE } from './decode-speed.ts'
import type { Placement } from './placement.ts'

type Units = readonly (readonly [unit: string, size: number])[]

const MEMORY: Units = [
  [' GiB', 2 ** 30],
  [' MiB', 2 ** 20],
  [' KiB', 2 ** 10],
]
const COUNTS: Units = [
  ['B', 1e9],
  ['M', 1e6],
  ['K', 1e3],
]

/** One decimal of the largest unit in which the value is no less than a tenth; nothing is nothing of the largest. */
function inUnits(value: number, units: Units): string {
  const shown = units.find(([, size]) => value >= size / 10) ?? units.at(value > 0 ? -1 : 0)
  const [unit, size] = shown ?? ['', 1]
  return `${(value / size).toFixed(1)}${unit}`
}

/** Gibibytes, so that sizes side by side compare; below a tenth of one smaller units. */
export const gibibytes = (bytes: number): string => inUnits(bytes, MEMORY)

/** Numbers of weights: billions, and smaller units below a tenth of one. */
export const weightCount = (count: number): string => inUnits(count, COUNTS)

/** Three digits are more than any estimate deserves. */
export const speedText = (tokensPerSecond: number): string =>
  tokensPerSecond >= 100 ? tokensPerSecond.toFixed(0) : tokensPerSecond.toFixed(1)

/** A speed with how far off it may be; guesses are a range. */
export function estimateText(tokensPerSecond: number, confidence: Confidence): string {
  const { below, above } = TOLERANCE[confidence]
  if (confidence === 'guess') {
    return `${speedText(tokensPerSecond * (1 - below))} to ${speedText(tokensPerSecond * (1 + above))}`
  }
  if (confidence === 'measured') return speedText(tokensPerSecond)
  const percent = (share: number) => `${Math.round(share * 100)} %`
  const range = below === above ? `±${percent(below)}` : `-${Math.round(below * 100)}/+${percent(above)}`
  return `${speedText(tokensPerSecond)} ${range}`
}

/** Where a model lies, in a few words. */
export function placeText({ mode, obstacle, gpuLayers, layers, ...rest }: Placement): string {
  if (obstacle === 'gpu-cap') return 'over the GPU cap'
  if (mode === 'gpu') return 'all on GPU'
  if (mode === 'cpu') return 'all on CPU'
  if (mode === 'layers-in-ram') return `${gpuLayers} of ${layers + 1} layers on GPU`
  return `experts of ${rest.expertLayersInRam} of ${rest.expertLayers} layers in RAM`
}

export const settingsText = ({ offer, settings }: Pick<Candidate, 'offer' | 'settings'>): string =>
  `${offer.fileType} with ${settings.contextLength} tokens of ${settings.cacheType} cache`

/** A way to run a model in one phrase. */
export const candidateText = (candidate: Candidate): string =>
  `${settingsText(candidate)} at ${speedText(candidate.decode.tokensPerSecond)} tokens/s`
