import { describe, expect, test } from 'vitest'
import { localTimestamp, msToNs, utcTimestamp } from '../../formats/timestamps.ts'

const NOON = Date.UTC(2026, 10, 23, 12, 0, 0)

describe('created_at is UTC with no more digits than needed', () => {
  test.each([
    [NOON, '2026-11-23T12:00:00Z'],
    [NOON + 250, '2026-11-23T12:00:00.25Z'],
    [NOON + 7, '2026-11-23T12:00:00.007Z'],
    [NOON + 0.5, '2026-11-23T12:00:00.0005Z'],
    [1.000_001, '1970-01-01T00:00:00.001000001Z'],
    [0, '1970-01-01T00:00:00Z'],
  ])('%d', (epochMs, text) => {
    expect(utcTimestamp(epochMs)).toBe(text)
  })
})

describe('expires_at carries the offset of the server', () => {
  test.each([
    [0, '2026-11-23T12:00:00.25Z'],
    [60, '2026-11-23T13:00:00.25+01:00'],
    [-210, '2026-11-23T08:30:00.25-03:30'],
    [345, '2026-11-23T17:45:00.25+05:45'],
  ])('offset of %d minutes', (offsetMinutes, text) => {
    expect(localTimestamp(NOON + 250, offsetMinutes)).toBe(text)
  })

  test('without a given offset it names the same instant', () => {
    expect(Date.parse(localTimestamp(NOON + 250))).toBe(NOON + 250)
  })

  test.each([Number.POSITIVE_INFINITY, 1e15, 9e15])(
    'a time past all Go durations (%d) is about 292 years ahead',
    (ms) => {
      expect(localTimestamp(ms, 0, NOON)).toMatch(/^2319-0[23]-/)
    },
  )
})

test.each([
  [0, 0],
  [1.5, 1_500_000],
  [0.000_000_6, 1],
  [-3, 0],
  [86_400_000, 86_400_000_000_000],
])('%d ms is %d ns, an integer and never negative', (ms, ns) => {
  expect(msToNs(ms)).toBe(ns)
})
