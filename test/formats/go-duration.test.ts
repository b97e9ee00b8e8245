import { describe, expect, test } from 'vitest'
import { parseGoDuration } from '../../formats/go-duration.ts'

describe('a Go duration is read as milliseconds', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['+0', 0],
    ['0s', 0],
    ['-0s', 0],
    ['5s', 5000],
    ['+5s', 5000],
    ['-1m', -60_000],
    ['1h2m3s', 3_723_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1000],
    ['0.2s', 200],
    ['200ms', 200],
    ['1us', 0.001],
    ['1\u00b5s', 0.001],
    ['1\u03bcs', 0.001],
    ['3ns', 0.000_003],
    ['1m1m', 120_000],
    ['2540400h', 9_145_440_000_000],
  ])('%s', (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms)
  })
})

describe('anything else is refused in the words of Go', () => {
  test.each([
    ['', 'time: invalid duration ""'],
    ['abc', 'time: invalid duration "abc"'],
    ['-', 'time: invalid duration "-"'],
    ['+-1s', 'time: invalid duration "+-1s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1s.', 'time: invalid duration "1s."'],
    [' 1s', 'time: invalid duration " 1s"'],
    ['2562048h', 'time: invalid duration "2562048h"'],
    ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
    ['5', 'time: missing unit in duration "5"'],
    ['-1', 'time: missing unit in duration "-1"'],
    ['1m5', 'time: missing unit in duration "1m5"'],
    ['1..5s', 'time: missing unit in duration "1..5s"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['1S', 'time: unknown unit "S" in duration "1S"'],
    ['1s 2m', 'time: unknown unit "s " in duration "1s 2m"'],
    ['1toString', 'time: unknown unit "toString" in duration "1toString"'],
    ['"\\', 'time: invalid duration "\\"\\\\"'],
    ['\u00fc\n', 'time: invalid duration "\\xc3\\xbc\\x0a"'],
  ])('%j', (text, message) => {
    expect(() => parseGoDuration(text)).toThrow(new SyntaxError(message))
  })
})
