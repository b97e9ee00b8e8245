import { describe, expect, test } from 'vitest'
import { decodeBase64 } from '../../../routes/wire/base64.ts'

const text = (encoded: string) => Buffer.from(decodeBase64(encoded)).toString()

describe('padded base64 is decoded', () => {
  test.each([
    ['', ''],
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['YWJj\r\nZGVm\n', 'abcdef'],
    ['Y\nQ\r=\n=\n', 'a'],
    ['Pz8/', '???'],
    ['fn5+', '~~~'],
  ])('%j', (encoded, decoded) => {
    expect(text(encoded)).toBe(decoded)
  })
})

describe('anything else is refused at the byte where Go stops', () => {
  test.each([
    ['!!!', 0],
    ['data:image/png;base64,YWJj', 4],
    ['YWJj*', 4],
    ['Y', 0],
    ['YW', 0],
    ['YWJjZA', 4],
    ['YWJjZGV', 4],
    ['=', 0],
    ['Y===', 1],
    ['YQ=', 3],
    ['YQ=a', 3],
    ['YQ==YQ==', 4],
    ['YWI=x', 4],
    ['_-8=', 0],
    ['YWJ\u{1f600}', 3],
  ])('%j at %i', (encoded, at) => {
    expect(() => decodeBase64(encoded)).toThrow(new SyntaxError(`illegal base64 data at input byte ${at}`))
  })
})

test('a long image followed by rubbish is refused without trying every split', () => {
  const hostile = `${'\n'.repeat(2_000_000)}!`
  const begun = performance.now()
  expect(() => decodeBase64(hostile)).toThrow('illegal base64 data at input byte 2000000')
  expect(performance.now() - begun).toBeLessThan(2000)
})
