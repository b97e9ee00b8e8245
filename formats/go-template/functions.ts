/** The functions templates may call: those of text/template and those of Ollama. */

import type { Budget } from './budget.ts'
import { indexInto, lengthOf, sliceOf } from './collections.ts'
import { isEqualToAny, isLess } from './compare.ts'
import { GoTemplateError } from './error.ts'
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts'
import { sprint, sprintln } from './format-value.ts'
import type { FunctionName } from './function-names.ts'
import { sprintf } from './printf.ts'
import { typescriptType } from './typescript-type.ts'
import { isTrue, typeName } from './value.ts'
import { writeJson } from './write-json.ts'

export interface FunctionContext {
  budget: Budget
  /** The clock of `currentDate`. */
  now: Date
}

export interface GoFunction {
  /** Arguments it must have. */
  least: number
  /** More may follow. */
  isVariadic: boolean
  /** Arguments that must be strings: none, the first, or all. */
  strings: 'none' | 'first' | 'all'
  /** Throws GoTemplateError without the place. */
  call(args: readonly unknown[], context: FunctionContext): unknown
}

type Call = GoFunction['call']
const exactly = (least: number, call: Call): GoFunction => ({
  least,
  isVariadic: false,
  strings: 'none',
  call,
})
const atLeast = (least: number, call: Call, strings: GoFunction['strings'] = 'none'): GoFunction => ({
  least,
  isVariadic: true,
  strings,
  call,
})

/** `and` and `or` look at no more arguments than they need, so the interpreter has them. */
export const FUNCTIONS: Readonly<Record<Exclude<FunctionName, 'and' | 'or'>, GoFunction>> = {
  call: atLeast(1, ([callee]) => {
    const isNothing = callee === undefined || callee === null
    throw new GoTemplateError(isNothing ? 'call of nil' : `non-function of type ${typeName(callee)}`)
  }),
  eq: atLeast(1, ([value, ...others], { budget }) => isEqualToAny(value, others, budget)),
  ne: exactly(2, ([a, b], { budget }) => !isEqualToAny(a, [b], budget)),
  lt: exactly(2, ([a, b]) => isLess(a, b)),
  le: exactly(2, ([a, b], { budget }) => isLess(a, b) || isEqualToAny(a, [b], budget)),
  gt: exactly(2, ([a, b], { budget }) => !(isLess(a, b) || isEqualToAny(a, [b], budget))),
  ge: exactly(2, ([a, b]) => !isLess(a, b)),
  not: exactly(1, ([value]) => !isTrue(value)),
  len: exactly(1, ([value], { budget }) => lengthOf(value, budget)),
  index: atLeast(1, ([value, ...indexes], { budget }) => indexInto(value, indexes, budget)),
  slice: atLeast(1, ([value, ...indexes], { budget }) => sliceOf(value, indexes, budget)),
  print: atLeast(0, (args, { budget }) => sprint(args, budget)),
  println: atLeast(0, (args, { budget }) => sprintln(args, budget)),
  printf: atLeast(1, ([format, ...args], { budget }) => sprintf(String(format), args, budget), 'first'),
  html: atLeast(0, (args, { budget }) => budget.text(escapeHtml(printed(args, budget)))),
  js: atLeast(0, (args, { budget }) => budget.text(escapeJs(printed(args, budget)))),
  urlquery: atLeast(0, (args, { budget }) => budget.text(escapeQuery(printed(args, budget)))),
  json: exactly(1, ([value], { budget }) => budget.text(writeJson(value, budget))),
  currentDate: atLeast(0, (_, { now }) => dateText(now, 0), 'all'),
  yesterdayDate: atLeast(0, (_, { now }) => dateText(now, -1), 'all'),
  toTypeScriptType: exactly(1, ([value]) => typescriptType(value)),
}

/** What an escaping function escapes. */
const printed = (args: readonly unknown[], budget: Budget) =>
  sprint(
    args.map((value) => value ?? '<no value>'),
    budget,
  )

/** The local day, so many days off. */
function dateText(now: Date, days: number): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days)
  const parts = [String(day.getFullYear()).padStart(4, '0'), day.getMonth() + 1, day.getDate()]
  return parts.map((part) => String(part).padStart(2, '0')).join('-')
}
