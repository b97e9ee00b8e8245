import { expect, test } from 'vitest'
import { formatGrammar } from '../../../../engine/prompt/format.ts'
import { readGbnf } from './gbnf-matcher.ts'

type Bounds = { minimum?: number; maximum?: number; exclusiveMinimum?: number; exclusiveMaximum?: number }

function isInside(value: number, bounds: Bounds): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = bounds
  return (
    (minimum === undefined || value >= minimum) &&
    (maximum === undefined || value <= maximum) &&
    (exclusiveMinimum === undefined || value > exclusiveMinimum) &&
    (exclusiveMaximum === undefined || value < exclusiveMaximum)
  )
}

/** Texts that a grammar gets wrong: everything it lets through is inside, and everything inside gets through. */
function mistakes(type: string, bounds: Bounds, texts: readonly string[]): string[] {
  const gbnf = readGbnf(formatGrammar({ schema: { type, ...bounds } }))
  return texts.filter((text) => gbnf.matches(text) !== isInside(Number(text), bounds))
}

const INTEGERS = Array.from({ length: 2_401 }, (_, i) => String(i - 1_200))
const FRACTIONS = [
  '',
  '.0',
  '.00',
  '.1',
  '.25',
  '.250',
  '.26',
  '.3',
  '.5',
  '.50',
  '.500',
  '.501',
  '.75',
  '.9',
  '.99',
]
const NUMBERS = Array.from({ length: 25 }, (_, i) => i - 12).flatMap((whole) =>
  FRACTIONS.map((fraction) => `${whole}${fraction}`),
)

test.each<Bounds>([
  { minimum: 0 },
  { minimum: 1, maximum: 9 },
  { minimum: 10, maximum: 99 },
  { minimum: 7, maximum: 1_033 },
  { minimum: 95, maximum: 105 },
  { minimum: 200, maximum: 299 },
  { minimum: -5, maximum: 5 },
  { minimum: -1_001, maximum: -99 },
  { maximum: -1 },
  { maximum: 123 },
  { minimum: -17 },
  { minimum: 1_000 },
  { exclusiveMinimum: 3, exclusiveMaximum: 6 },
  { exclusiveMinimum: -3, maximum: 0 },
  { minimum: 0.5, maximum: 9.5 },
  { minimum: 5, maximum: 5 },
  { minimum: 2, exclusiveMinimum: 4, maximum: 9, exclusiveMaximum: 8 },
])('integers within %j are exactly those', (bounds) => {
  expect(mistakes('integer', bounds, INTEGERS)).toEqual([])
})

test.each<Bounds>([
  { minimum: 0 },
  { exclusiveMinimum: 0 },
  { minimum: 0, maximum: 1 },
  { exclusiveMinimum: 0, exclusiveMaximum: 1 },
  { minimum: 0.25, maximum: 0.5 },
  { exclusiveMinimum: 0.25, exclusiveMaximum: 0.5 },
  { minimum: 0.25 },
  { maximum: 2.5 },
  { exclusiveMaximum: 2.5 },
  { minimum: -2.5, maximum: 3.75 },
  { exclusiveMinimum: -2.5, exclusiveMaximum: -0.25 },
  { maximum: -1.25 },
  { minimum: 1.3, maximum: 10.26 },
  { minimum: 9, exclusiveMaximum: 10 },
  { minimum: -10, maximum: -10 },
  { exclusiveMinimum: 0.25, maximum: 0.26 },
  { minimum: 0.255, maximum: 0.501 },
])('numbers within %j are exactly those', (bounds) => {
  const texts = NUMBERS.filter((text) => Number(text) !== 0 || !text.startsWith('-'))
  expect(mistakes('number', bounds, texts)).toEqual([])
})
