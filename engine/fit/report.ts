import type { Assessment } from './assess.ts'
import type { DecodeSpeed } from './decode-speed.ts'
import type { Plan } from './plan.ts'
import { estimateText, gibibytes, placeText, speedText, weightCount } from './wording.ts'

/** A quantization as a row of the table that people compare by, in words ready to print. */
export interface ReportRow {
  /** What to ask for to get it. */
  name: string
  quantization: string
  weights: string
  gpu: string
  ram: string
  where: string
  context: string
  /** Tokens a second with how far off the number may be, or `measured`; a dash when it does not fit. */
  speed: string
  quality: string
  grade: string
  verdict: string
  isChosen: boolean
}

export interface Report {
  model: string
  /** Total beside active parameters: where memory goes, and where speed comes from. */
  parameters: string
  rows: ReportRow[]
  /** The chosen plan as a row of its own: its context and cache may be others than the table's. */
  chosen: ReportRow | undefined
  verdict: string
}

/** What a plan has to show. */
export function reportOf(plan: Plan): Report {
  const { facts, chosen } = plan
  const offer = plan.verdict === 'fits' ? chosen?.candidate.offer : undefined
  return {
    model: facts.model.name,
    parameters: parametersText(plan),
    rows: plan.rows.map((row) => rowOf(row, row.candidate.offer === offer)),
    chosen: chosen && rowOf(chosen, offer !== undefined),
    verdict: plan.reasons[0]?.sentence ?? '',
  }
}

function parametersText({ facts }: Plan): string {
  const { parameters, activeParameters, experts } = facts.model
  const total = `${weightCount(parameters)} parameters`
  return experts === undefined ? total : `${total}, ${weightCount(activeParameters)} active for each token`
}

function rowOf({ candidate, fits, quality, grade }: Assessment, isChosen: boolean): ReportRow {
  const { offer, settings, placement, decode } = candidate
  return {
    name: offer.name,
    quantization: offer.fileType,
    weights: `${offer.isExact ? '' : '~'}${gibibytes(offer.weightBytes)}`,
    gpu: gibibytes(placement.deviceBytes),
    ram: gibibytes(placement.hostBytes - placement.diskBytes),
    where: placeText(placement),
    context: `${settings.contextLength} ${settings.cacheType}`,
    speed: fits ? speedCell(decode) : '–',
    quality,
    grade,
    verdict: fits ? 'fits' : `lacks ${gibibytes(placement.missingBytes)}`,
    isChosen,
  }
}

const speedCell = ({ tokensPerSecond, confidence }: DecodeSpeed): string => {
  const text = estimateText(tokensPerSecond, confidence)
  return confidence === 'measured' ? `${text} measured` : text
}

/** Everything that led to a plan, a sentence a line, and where each part lies. */
export function whyText(plan: Plan): string {
  const { chosen, reasons, mapsWeights } = plan
  const lines = reasons.map(({ sentence }) => `- ${sentence}`)
  if (chosen === undefined) return lines.join('\n')
  const { placement, settings } = chosen.candidate
  const shares = placement.shares.map(
    (share) =>
      `  ${share.device.id} ${share.device.name}: ${layersText(share)}, weights ` +
      `${gibibytes(share.denseBytes + share.expertBytes)}, cache ${gibibytes(share.cacheBytes)}, buffers ` +
      `${gibibytes(share.computeBytes)}, of ${gibibytes(share.budgetBytes)}`,
  )
  const { host } = placement
  const ram =
    `  RAM: weights ${gibibytes(host.lookupBytes + host.denseBytes + host.expertBytes)}, cache ` +
    `${gibibytes(host.cacheBytes)}, buffers ${gibibytes(host.computeBytes)}, of ${gibibytes(host.budgetBytes)}`
  const prompt =
    chosen.prefillSpeed === undefined
      ? []
      : [`- A prompt is read at about ${speedText(chosen.prefillSpeed)} tokens/s.`]
  const headroom = `- ${Math.round(chosen.headroom * 100)} % of usable memory stays free with ${settings.contextLength} tokens.`
  const mapping = `- Weights are ${mapsWeights ? 'mapped from their file' : 'read into memory'}.`
  return [...lines, ...prompt, ...(plan.verdict === 'fits' ? [headroom, mapping] : []), ...shares, ram].join(
    '\n',
  )
}

function layersText({
  firstLayer,
  layers,
  hasOutput,
}: {
  firstLayer: number
  layers: number
  hasOutput: boolean
}) {
  const own = layers === 0 ? [] : [`layers ${firstLayer}–${firstLayer + layers - 1}`]
  return [...own, ...(hasOutput ? ['output'] : [])].join(' and ')
}
