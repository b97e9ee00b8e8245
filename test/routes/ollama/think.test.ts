import { expect, test } from 'vitest'
import { readThink } from '../../../routes/ollama/think.ts'

test.each([[true], [false], ['low'], ['medium'], ['high'], ['max']])('%j is read as it is', (value) => {
  expect(readThink(value)).toBe(value)
})

test.each([['High'], [''], ['true']])('the text %j is no level', (value) => {
  expect(() => readThink(value)).toThrow(`invalid think value: "${value}" (must be `)
})

test.each([[1], [[true]], [{}]])('%j is no think value', (value) => {
  expect(() => readThink(value)).toThrow('think must be a boolean or string ("high", ')
})
