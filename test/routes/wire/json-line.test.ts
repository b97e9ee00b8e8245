import { expect, test } from 'vitest'
import { jsonLine } from '../../../routes/wire/json-line.ts'
import { PYTHON_LINE_BREAKS } from '../../helpers/python-lines.ts'

test.each(PYTHON_LINE_BREAKS.map((character) => [`U+${character.charCodeAt(0).toString(16)}`, character]))(
  '%s stays inside its line, and comes out as it went in',
  (_, character) => {
    const text = `a${character}b`
    const line = jsonLine({ text, [text]: 1 })
    expect(PYTHON_LINE_BREAKS.filter((each) => line.includes(each))).toEqual([])
    expect(JSON.parse(line)).toEqual({ text, [text]: 1 })
  },
)

test('other text is written as JSON writes it', () => {
  const value = { text: 'é <b>&</b> \u{1f600} \u00a0', list: [1, null] }
  expect(jsonLine(value)).toBe(JSON.stringify(value))
})
