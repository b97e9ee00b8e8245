import { expect, test } from 'vitest'
import { barChart } from '../../bench/chart.ts'
import { median, quantile, table } from '../../bench/report.ts'

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
  [[7], 7],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

test.each([
  [0.5, 5],
  [0.99, 10],
  [0.1, 1],
  [0, 1],
])('the %d quantile of the numbers from 1 to 10 is %d', (share, expected) => {
  expect(quantile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share)).toBe(expected)
})

test('no values have no median and no quantile', () => {
  expect([median([]), quantile([], 0.5)]).toEqual([Number.NaN, Number.NaN])
})

test('a table aligns its numbers to the right', () => {
  expect(table(['', 'a'], [['x', '1']])).toBe('|  | a |\n| --- | ---: |\n| x | 1 |')
})

test('a chart has a bar for every value there is, as high as its share of the axis', () => {
  const svg = barChart(
    'Rates & sizes',
    'tokens/s',
    ['one', 'two'],
    [{ name: 'a', values: [100, Number.NaN] }],
  )
  const bars = [...svg.matchAll(/<rect [^>]*height="([\d.]+)" fill/g)].map(([, height]) => Number(height))
  // The one bar fills the plot, 228 units high; the other rectangle is the legend's.
  expect(bars).toEqual([228, 12])
  expect(svg).toContain('Rates &amp; sizes')
})
