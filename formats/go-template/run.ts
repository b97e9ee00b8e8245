import { goQuote } from '../go-quote.ts'
import type { Budget } from './budget.ts'
import { describeNode } from './describe-node.ts'
import { GoTemplateError, GoTemplateLimit } from './error.ts'
import { MAX_RUN_DEPTH } from './limits.ts'
import type { CommandNode, GoTemplate, ListNode, Node, OperandNode } from './nodes.ts'

/** One run of a template, and where it is. */
export interface Run {
  template: GoTemplate
  /** Of the template that runs now. */
  name: string
  budget: Budget
  now: Date
  variables: { name: string; value: unknown }[]
  /** What an error would be about. */
  node: OperandNode | CommandNode | Node | ListNode
  depth: number
  write(text: string): void
}

/** Says what went wrong and where, as Go's text/template does: `template: :1:3: executing "" at <.A.B>: …`. */
export function fail(run: Run, message: string): never {
  const before = run.template.text.slice(0, run.node.at)
  const lineStart = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  const column = Buffer.byteLength(before.slice(lineStart))
  throw new GoTemplateError(
    `template: :${line}:${column}: executing ${goQuote(run.name)} at <${describeNode(run.node)}>: ${message}`,
  )
}

/** Does work one level deeper. Throws GoTemplateLimit when it is too deep. */
export function deeper<T>(run: Run, work: () => T): T {
  if (run.depth >= MAX_RUN_DEPTH) {
    throw new GoTemplateLimit(`template: stopped at a depth of ${MAX_RUN_DEPTH} levels`)
  }
  run.depth++
  const result = work()
  run.depth--
  return result
}

/** The value of a variable; the innermost of a name. */
export function variableOf(run: Run, name: string): { name: string; value: unknown } {
  const found = run.variables.findLast((variable) => variable.name === name)
  if (found === undefined) fail(run, `undefined variable: ${name}`)
  return found
}
