import { expect, test } from 'vitest'
import { goQuote } from '../../formats/go-quote.ts'

test.each([
  ['a "b" \\', '"a \\"b\\" \\\\"'],
  ['\n\r\t\v\f\b\u0007', '"\\n\\r\\t\\v\\f\\b\\a"'],
  ['\0\u001b\u007f', '"\\x00\\x1b\\x7f"'],
  ['grüß 🦙 \u200b\u00a0', '"grüß 🦙 \\u200b\\u00a0"'],
  ['\u{e0001}', '"\\U000e0001"'],
])('%j is quoted as Go does', (text, quoted) => {
  expect(goQuote(text)).toBe(quoted)
})
