import { describe, expect, test } from 'vitest'
import { grammarCases } from './cases.ts'
import { readGbnf } from './gbnf-matcher.ts'

describe.each(grammarCases())('the grammar of $name', ({ grammar, valid, invalid }) => {
  test('lets a model write every text that is right', () => {
    const gbnf = readGbnf(grammar)
    expect(valid.filter((text) => !gbnf.matches(text))).toEqual([])
  })

  test('keeps a model from every text that is wrong', () => {
    const gbnf = readGbnf(grammar)
    expect(invalid.filter((text) => gbnf.matches(text))).toEqual([])
  })
})
