/** Runs templates as Go's text/template does (exec.go), with the option missingkey=zero that Ollama sets. */

import { goQuote } from '../go-quote.ts'
import { createBudget, tooLong } from './budget.ts'
import { GoTemplateLimit } from './error.ts'
import { evaluatePipe } from './evaluate.ts'
import { formatValue } from './format-value.ts'
import { MAX_TEXT } from './limits.ts'
import type { BranchNode, GoTemplate, ListNode, Node, TemplateNode } from './nodes.ts'
import { deeper, fail, type Run, variableOf } from './run.ts'
import { isTrue, itemAt, type Kinded, kinded, sortedKeys } from './value.ts'

/** What a node did to the loop around it. */
type Jump = 'break' | 'continue' | undefined

/**
 * What a template writes for some data (see value.ts for how Go's types are given). Throws GoTemplateError in Go's
 * words when a value cannot be used as the template asks, and GoTemplateLimit when it takes too much of anything.
 */
export function executeGoTemplate(
  template: GoTemplate,
  data: Readonly<Record<string, unknown>>,
  now: Date,
): string {
  const parts: string[] = []
  let length = 0
  const run: Run = {
    template,
    name: '',
    budget: createBudget(),
    now,
    variables: [{ name: '$', value: data }],
    node: template.root,
    depth: 0,
    write(text) {
      length += text.length
      if (length > MAX_TEXT) throw tooLong()
      parts.push(text)
    },
  }
  try {
    runList(run, data, template.root)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new GoTemplateLimit('template: stopped: too deep', { cause: error })
  }
  return parts.join('')
}

function runList(run: Run, dot: unknown, list: ListNode): Jump {
  return deeper(run, () => {
    for (const node of list.nodes) {
      const jump = runNode(run, dot, node)
      if (jump !== undefined) return jump
    }
    return undefined
  })
}

function runNode(run: Run, dot: unknown, node: Node): Jump {
  run.node = node
  run.budget.spend(1)
  switch (node.type) {
    case 'text':
      run.write(node.text)
      return undefined
    case 'action': {
      const value = evaluatePipe(run, dot, node.pipe)
      if (node.pipe.declared.length === 0) run.write(printed(run, value))
      return undefined
    }
    case 'if':
    case 'with':
      return runIfOrWith(run, dot, node)
    case 'range':
      return runRange(run, dot, node)
    case 'template':
      runTemplate(run, dot, node)
      return undefined
    default:
      return node.type
  }
}

const printed = (run: Run, value: unknown) =>
  value === undefined ? '<no value>' : formatValue(value, run.budget)

function runIfOrWith(run: Run, dot: unknown, node: BranchNode): Jump {
  const mark = run.variables.length
  const value = evaluatePipe(run, dot, node.pipe)
  let jump: Jump
  if (isTrue(value)) jump = runList(run, node.type === 'with' ? value : dot, node.list)
  else if (node.elseList !== undefined) jump = runList(run, dot, node.elseList)
  run.variables.length = mark
  return jump
}

function runRange(run: Run, dot: unknown, node: BranchNode): Jump {
  const mark = run.variables.length
  const value = evaluatePipe(run, dot, node.pipe)
  let rounds = 0
  for (const [key, item] of itemsOf(run, value, node)) {
    rounds++
    if (runRound(run, node, key, item) === 'break') break
  }
  const jump = rounds === 0 && node.elseList !== undefined ? runList(run, dot, node.elseList) : undefined
  run.variables.length = mark
  return jump
}

/** One round of a loop, with its variables set; a variable alone is the item. */
function runRound(run: Run, { pipe, list }: BranchNode, key: unknown, item: unknown): Jump {
  const mark = run.variables.length
  run.budget.spend(1)
  const values = pipe.declared.length > 1 ? [key, item] : [item]
  for (const [index, name] of pipe.declared.entries()) variableOf(run, name).value = values[index]
  const jump = runList(run, item, list)
  run.variables.length = mark
  return jump
}

/** What a loop goes over: items with their indexes, entries by sorted keys, or the numbers below a number. */
function itemsOf(run: Run, value: unknown, { pipe }: BranchNode): Iterable<readonly [unknown, unknown]> {
  const known = kinded(value)
  switch (known.kind) {
    case 'invalid':
    case 'nil':
      return []
    case 'list':
      return listItems(known.items)
    case 'map':
      return sortedKeys(known.entries).map((key) => [key, known.entries[key]] as const)
    case 'int':
    case 'uint':
      if (pipe.declared.length > 1) {
        fail(run, `can't use ${known.value} to iterate over more than one variable`)
      }
      return numbersBelow(known)
    default:
      return fail(run, `range can't iterate over ${formatValue(value, run.budget)}`)
  }
}

function* listItems(items: readonly unknown[] | Uint8Array): Generator<readonly [bigint, unknown]> {
  for (let index = 0; index < items.length; index++) yield [BigInt(index), itemAt(items, index)]
}

function* numbersBelow({
  value,
}: Extract<Kinded, { value: bigint }>): Generator<readonly [undefined, bigint]> {
  for (let number = 0n; number < value; number++) yield [undefined, number]
}

function runTemplate(run: Run, dot: unknown, node: TemplateNode): void {
  const list = run.template.templates.get(node.name)
  if (list === undefined) fail(run, `template ${goQuote(node.name)} not defined`)
  const data = node.pipe === undefined ? undefined : evaluatePipe(run, dot, node.pipe)
  // A template sees its data and no variables of its caller.
  const inner: Run = { ...run, name: node.name, variables: [{ name: '$', value: data }] }
  runList(inner, data, list)
}
