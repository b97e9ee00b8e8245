import type { Tool } from '../types.ts'
import { withoutFrame } from './tagged-arguments.ts'
import type { ParsedCall } from './tool-call-json.ts'
import type { Marks, TaggedArguments, ToolCallFormat } from './tool-format/types.ts'
import { argumentKinds, typedValue } from './typed-value.ts'

/** What stands before and behind the parts of a call. */
interface Signs {
  name: readonly [before: string, behind: string]
  callEnd: string | undefined
  key: readonly [before: string, behind: string]
  value: readonly [before: string, behind: string]
}

/**
 * The calls to known tools in a block whose marks are not in order, as far as they can be told: names, keys and values
 * are found by their marks, and a value without its closing mark goes on to the next key. `isClosed`: the block had its
 * closing tag; without it a call counts only when it has an end of its own. Time is linear.
 */
export function looseCalls(
  text: string,
  format: ToolCallFormat,
  tools: readonly Tool[],
  isClosed: boolean,
): ParsedCall[] {
  const syntax = format.arguments
  if (syntax.type !== 'tagged') return []
  const signs = signsOf(format, syntax)
  return bodies(text, signs).flatMap(({ name, body, isWhole }) => {
    const tool = tools.find((each) => each.function.name === name)
    if (tool === undefined || !(isWhole || isClosed)) return []
    const pairs = parameters(body, signs, syntax).map(([key, value]) => [
      key,
      typedValue(value, argumentKinds(tool, key)),
    ])
    return [{ name, arguments: Object.fromEntries(pairs) }]
  })
}

function signsOf({ call, triggers, close = '' }: ToolCallFormat, syntax: TaggedArguments): Signs {
  const before = lastText(call.open).trim()
  const behind = firstText(call.between).trim()
  const isTrigger = triggers.some((trigger) => trigger.endsWith(before))
  const ending = firstText(call.close).trim()
  const callEnd = (close !== '' && ending.endsWith(close) ? ending.slice(0, -close.length) : ending).trim()
  return {
    name: [
      isTrigger ? '' : (before.split(/\s+(?=<)/).at(-1) ?? ''),
      behind === '' ? syntax.beforeKey.trim() : behind,
    ],
    callEnd: isTrigger || callEnd === '' ? undefined : callEnd,
    key: [syntax.beforeKey.trim(), syntax.beforeValue.string.trim().split(/(?<=>)\s+/)[0] ?? ''],
    value: [syntax.beforeValue.string, syntax.afterValue],
  }
}

const firstText = (marks: Marks): string => marks.find((mark) => typeof mark === 'string') ?? ''
const lastText = (marks: Marks): string => marks.findLast((mark) => typeof mark === 'string') ?? ''

interface Body {
  name: string
  body: string
  isWhole: boolean
}

function bodies(text: string, { name: [before, behind], callEnd }: Signs): Body[] {
  if (callEnd === undefined) {
    const at = text.indexOf(behind)
    const end = at < 0 ? text.length : at
    return [{ name: text.slice(0, end).trim(), body: text.slice(end), isWhole: false }]
  }
  const found: Body[] = []
  const endOf = finder(text, callEnd)
  for (let at = text.indexOf(before); at >= 0; ) {
    const nameEnd = text.indexOf(behind, at + before.length)
    if (nameEnd < 0) break
    const end = endOf(nameEnd)
    found.push({
      name: text.slice(at + before.length, nameEnd).trim(),
      body: text.slice(nameEnd + behind.length, end),
      isWhole: end < text.length,
    })
    at = text.indexOf(before, end)
  }
  return found
}

function parameters(
  body: string,
  { key: [before, behind], value: [beforeValue, afterValue] }: Signs,
  syntax: TaggedArguments,
): [string, string][] {
  const found: [string, string][] = []
  const nextKey = finder(body, before)
  const endOf = finder(body, afterValue.trim())
  const second = beforeValue.trim().slice(behind.length).trim()
  for (let at = nextKey(0); at < body.length; ) {
    const keyEnd = body.indexOf(behind, at + before.length)
    if (keyEnd < 0) break
    const start = keyEnd + behind.length
    const end = Math.min(endOf(start), nextKey(start))
    const whole = body.slice(start, end)
    const isOpened = second !== '' && whole.trimStart().startsWith(second)
    const value = isOpened ? whole.slice(whole.indexOf(second) + second.length) : whole
    found.push([
      body.slice(at + before.length, keyEnd).trim(),
      withoutFrame(value, syntax.beforeValue.string, syntax.afterValue),
    ])
    at = nextKey(end)
  }
  return found
}

/** Where a mark stands next, from growing places; the end of the text when nowhere. Looks at each character once. */
function finder(text: string, mark: string): (from: number) => number {
  let next = -1
  return (from) => {
    if (next < from) {
      const at = text.indexOf(mark, from)
      next = at < 0 ? text.length : at
    }
    return next
  }
}
