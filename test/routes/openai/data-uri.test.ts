import { expect, test } from 'vitest'
import { parseDataUri } from '../../../routes/openai/data-uri.ts'

const read = (uri: string) => {
  const data = parseDataUri(uri)
  return data && [data.mediaType, Buffer.from(data.bytes).toString()]
}

test.each([
  ['a plain one', 'data:image/png;base64,aGVsbG8=', ['image/png', 'hello']],
  ['no padding', 'data:image/png;base64,aGVsbG8', ['image/png', 'hello']],
  ['no media type', 'data:;base64,aGk=', ['', 'hi']],
  ['capitals', 'DATA:Image/PNG;BASE64,aGk=', ['image/png', 'hi']],
  ['parameters before base64', 'data:text/plain;charset=utf-8;base64,aGk=', ['text/plain', 'hi']],
  ['line breaks in the data', 'data:;base64,aGVs\r\nbG8=', ['', 'hello']],
])('a data URI with %s is read', (_name, uri, expected) => {
  expect(read(uri)).toEqual(expected)
})

test.each([
  ['letters outside the alphabet', 'data:image/png;base64,!!!'],
  ['one foreign letter in the middle', 'data:image/png;base64,aGVs*bG8='],
  ['a digit too many', 'data:;base64,aGVsb'],
  ['padding in the middle', 'data:;base64,aG=sbG8='],
  ['no data', 'data:image/png;base64,'],
  ['data that is not base64', 'data:text/plain,hello'],
  ['no comma', 'data:image/png;base64'],
  ['another scheme', 'file:///etc/passwd'],
])('a data URI with %s is refused', (_name, uri) => {
  expect(parseDataUri(uri)).toBeUndefined()
})

test('a long head cannot keep the parser busy', () => {
  const uri = `data:${';a=b'.repeat(100_000)};base64,aGk=`
  expect(parseDataUri(uri)).toBeUndefined()
})
