import { barChart } from './chart.ts'
import { BATCH_TOKENS, type Conditions } from './contestant.ts'
import type { Field } from './contestants.ts'
import { allMeasures, DECODE, type Measure, type Numbers, totalOf } from './measures.ts'
import { median, shown, table, whereAndWhen } from './report.ts'

/** What each contestant showed, one entry a round; the bare loop is first. */
export type Results = Map<string, Numbers[]>

export interface Report {
  field: Pick<Field, 'contestants' | 'missing'>
  results: Results
  conditions: Conditions
  streams: readonly number[]
  tokens: number
  model: string
}

const medianOf = (results: Results, name: string, measure: Measure): number =>
  median((results.get(name) ?? []).map((numbers) => numbers.get(measure) ?? Number.NaN))

/** Two tables in Markdown: medians with their ratio to the bare loop, and Snug's ratio to everybody else. */
export function throughputReport(report: Report): string {
  const { field, results, conditions, streams, tokens, model } = report
  const names = [...results.keys()]
  const [base = ''] = names
  const measures = allMeasures(streams)
  const rounds = results.get(base)?.length ?? 0
  const row = (measure: Measure) => [
    `${measure.name}, ${measure.unit}`,
    ...names.map((name) => {
      const value = medianOf(results, name, measure)
      const ratio = value / medianOf(results, base, measure)
      return name === base
        ? shown(value, measure.digits)
        : `${shown(value, measure.digits)} (${percent(ratio)})`
    }),
  ]
  const others = names.filter((name) => name !== 'Snug')
  const versus = (measure: Measure) => [
    `${measure.name}${measure.better === 'less' ? ' (less is better)' : ''}`,
    ...others.map((name) => percent(medianOf(results, 'Snug', measure) / medianOf(results, name, measure))),
  ]
  return `# Throughput

${whereAndWhen()}. Model ${model}, ${conditions.threads} thread(s), ${conditions.slots} slots of \
${conditions.contextLength} tokens, batch ${BATCH_TOKENS}, flash attention auto, cache f16, greedy, ${tokens} tokens an \
answer (twice that for one stream). Medians of ${rounds} rounds taken in turn.

${field.contestants.map(({ name, about }) => `- ${name}: ${about}`).join('\n')}
${field.missing.map((line) => `- Not there: ${line}.\n`).join('')}
In brackets: of the bare loop. Answers of random weights repeat words in part, and where they do the row of Snug has tokens computed ahead, one stream at a time; *Snug, no speculation* and all others compute each token in a step of its own.

${table(['', ...names], [...measures.map(row), overheadRow(results, names, base)])}

Snug's numbers as a share of the others':

${table(['', ...others], measures.map(versus))}

![Total tokens a second by streams](throughput.svg)
`
}

/** What a token of one stream takes longer than in the bare loop. */
function overheadRow(results: Results, names: readonly string[], base: string): string[] {
  const tokenUs = (name: string) => 1e6 / medianOf(results, name, DECODE)
  return [
    'Added to a token of one stream, µs',
    ...names.map((name) => (name === base ? '0' : shown(tokenUs(name) - tokenUs(base), 0))),
  ]
}

/** Tokens a second by the number of streams, as SVG. */
export function throughputChart(results: Results, streams: readonly number[]): string {
  const series = [...results.keys()].map((name) => ({
    name,
    values: streams.map((n) => medianOf(results, name, totalOf(n))),
  }))
  const groups = streams.map((n) => (n === 1 ? '1 stream' : `${n} streams`))
  return barChart('Generated tokens, all streams together', 'tokens/s', groups, series)
}

const percent = (ratio: number): string => (Number.isFinite(ratio) ? `${(ratio * 100).toFixed(0)} %` : '–')
