import { gibibytes, speedText } from '../fit/wording.ts'
import { type HistoryEntry, medianOf, sumOf } from './history.ts'

const percent = (share: number): string => `${share < 0 ? '-' : '+'}${Math.abs(100 * share).toFixed(0)} %`

/**
 * How far off predictions were, for people: a line or two for each way a model has run, the latest first. Errors are
 * those of the prediction: +10 % has promised a tenth too much. Predicted memory includes what is kept in reserve.
 */
export function historyText(entries: readonly HistoryEntry[]): string {
  if (entries.length === 0) return 'Nothing has been measured yet: load a model and let it answer.'
  const lines = entries.flatMap((entry) => [
    `${entry.name}, ${entry.plan}, on ${entry.devices}`,
    ...memoryLine(entry),
    ...speedLine(entry),
  ])
  return [...summary(entries), ...lines].join('\n')
}

function memoryLine({ memory }: HistoryEntry): string[] {
  if (memory === undefined) return []
  const { predicted, actual, contextLength, cacheType, sequences } = memory
  const devices = [...new Set([...Object.keys(predicted), ...Object.keys(actual)])].sort()
  const parts = devices.map((device) => {
    const [expected = 0, taken = 0] = [predicted[device], actual[device]]
    const error = taken > 0 ? ` (${percent(expected / taken - 1)})` : ''
    return `${device} ${gibibytes(expected)} predicted, ${gibibytes(taken)} taken${error}`
  })
  const of = sequences > 1 ? `${sequences} × ${contextLength}` : `${contextLength}`
  return [`  memory with ${of} tokens of ${cacheType} cache: ${parts.join('; ')}`]
}

function speedLine({ speeds }: HistoryEntry): string[] {
  const latest = speeds.at(-1)
  if (latest === undefined) return []
  const measured = medianOf(speeds.map((speed) => speed.measured))
  const error = medianOf(speeds.map((speed) => speed.computed / speed.measured - 1))
  const answers = speeds.length === 1 ? '1 answer' : `${speeds.length} answers`
  return [
    `  speed: ${speedText(latest.computed)} tokens/s computed, ${speedText(measured)} measured (${percent(error)}), ${answers}`,
  ]
}

/** The middle error of everything, without its sign. */
function summary(entries: readonly HistoryEntry[]): string[] {
  const memory = entries.flatMap(({ memory: pair }) =>
    pair === undefined || sumOf(pair.actual) === 0
      ? []
      : [Math.abs(sumOf(pair.predicted) / sumOf(pair.actual) - 1)],
  )
  const speed = entries.flatMap(({ speeds }) =>
    speeds.length === 0
      ? []
      : [Math.abs(medianOf(speeds.map(({ computed, measured }) => computed / measured - 1)))],
  )
  const part = (name: string, errors: readonly number[]) =>
    errors.length === 0 ? [] : [`${name} off by ${(100 * medianOf(errors)).toFixed(0)} % (${errors.length})`]
  const parts = [...part('memory', memory), ...part('speed', speed)]
  return parts.length === 0 ? [] : [`Predictions, middle error: ${parts.join(', ')}.`]
}
