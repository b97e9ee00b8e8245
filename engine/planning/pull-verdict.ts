/** What a pull says of what it gets, in lines that any client of Ollama shows. */
import type { Plan, Reason } from '../fit/plan.ts'
import { estimateText, gibibytes, placeText } from '../fit/wording.ts'

/** Reasons that say most in few words, the most important first. */
const TOLD: readonly Reason['code'][] = [
  'placement',
  'context',
  'disk',
  'quality-fits-not',
  'quality-too-slow',
  'smaller-model',
]
/** Nobody reads more while a download begins. */
const MOST_SENTENCES = 2

/** What was chosen, with its size, and why. Empty when the plan chose nothing. */
export function chosenLines({ chosen, reasons }: Plan, isInstalled: boolean): string[] {
  if (chosen === undefined) return []
  const { offer, placement, decode, settings } = chosen.candidate
  const { tokensPerSecond, confidence } = decode
  const size = `${offer.isExact ? '' : 'about '}${gibibytes(offer.weightBytes)}`
  const told = reasons.filter(({ code }) => TOLD.includes(code)).slice(0, MOST_SENTENCES)
  return [
    `${offer.name} suits this machine best: ${placeText(placement)}, ` +
      `${estimateText(tokensPerSecond, confidence)} tokens/s, ${settings.contextLength} tokens of context, ` +
      `quality ${chosen.quality}; ${isInstalled ? `${size}, installed already` : `${size} to download`}`,
    told.map(({ sentence }) => sentence).join(' '),
  ].filter((line) => line !== '')
}

/** That a model which is pulled all the same does not fit here, and what would. */
export function warning(name: string, { reasons, alternative, sibling }: Plan): string {
  const why = reasons[0]?.sentence ?? ''
  const other = alternative?.candidate.offer.name ?? sibling?.chosen.candidate.offer.name
  return [
    `${name} does not fit this machine: ${why}`,
    ...(other === undefined ? [] : [`${other} would.`]),
  ].join(' ')
}
