import { expect, test } from 'vitest'
import { checkGbnf } from '../../../../engine/prompt/grammar/gbnf-check.ts'

const doubling = (levels: number): string =>
  Array.from({ length: levels }, (_, at) => `a${at} ::= a${at + 1} "x" | a${at + 1} "y"\n`).join('')

test.each([
  ['a literal', 'root ::= "a"'],
  [
    'comments, groups and repetition',
    '# x\nroot ::= ("a" | [^b-d]\n  | .){2,3} other* # y\nother ::= "\\x41\\u00e9\\U0001F600" [\\]\\\\]?\n',
  ],
  ['a rule that ends with itself', 'root ::= "a" root | ""'],
  ['a rule around itself', 'root ::= "(" root ")" | [0-9]+'],
])('%s is accepted', (_, grammar) => {
  expect(() => checkGbnf(grammar)).not.toThrow()
})

test.each([
  ['nothing at all', '', 'has no root rule'],
  ['no root', 'start ::= "a"', 'has no root rule'],
  ['an unknown rule', 'root ::= "a" b', 'uses the rule "b", which is not there'],
  ['an open literal', 'root ::= "a', 'has an early end in line 1'],
  ['an open class', 'root ::= [a', 'has an early end in line 1'],
  ['an open group', 'root ::= ("a"', 'has an open group in line 1'],
  ['a rule without a body mark', 'root = "a"', 'has no ::= behind the name of a rule in line 1'],
  ['an unknown escape', 'root ::= "\\q"', 'has an unknown escape in line 1'],
  ['an escape cut short', 'root ::= "\\x4"', 'has an escape without its digits'],
  ['a repetition of nothing', 'root ::= * "a"', 'has a repetition of nothing in line 1'],
  ['a repetition out of order', 'root ::= "a"{3,2}', 'has a repetition out of bounds'],
  ['a repetition too often', 'root ::= "a"{2001}', 'has a repetition out of bounds'],
  ['repetitions that multiply', 'root ::= ("a"{0,100}){100}', 'has a repetition out of bounds'],
  ['a token', 'root ::= <think>', 'has a reference to a token'],
  ['a NUL character', 'root ::= "a\0"', 'has a NUL character'],
  ['something behind a rule', 'root ::= "a" }', 'has something unexpected in line 1'],
  ['groups in groups', `root ::= ${'('.repeat(200)}"a"${')'.repeat(200)}`, 'has groups nested too deeply'],
  ['left recursion', 'root ::= root "a" | "b"', 'has a rule that begins with itself'],
  [
    'left recursion behind what may be empty',
    'root ::= e root "a" | "b"\ne ::= f\nf ::= "x"?',
    'has a rule that begins with itself',
  ],
  ['a long text repeated', `root ::= "${'a'.repeat(1_000)}"{2000}`, 'has too many elements'],
  ['beginnings that double', `root ::= a0\n${doubling(40)}a40 ::= "z"`, 'has too many ways to begin'],
  [
    'beginnings nested deeply',
    `root ::= b0\n${Array.from({ length: 3_000 }, (_, at) => `b${at} ::= b${at + 1}\n`).join('')}b3000 ::= "z"`,
    'has rules nested too deeply',
  ],
  ['readings that double', 'root ::= "a" root "b" | "a" root "c" | "a"', 'leaves too many readings'],
  ['repetition in repetition', 'root ::= x{0,900}\nx ::= "a"{0,900}', 'leaves too many readings'],
])('%s is refused', (_, grammar, why) => {
  expect(() => checkGbnf(grammar)).toThrow(why)
})
