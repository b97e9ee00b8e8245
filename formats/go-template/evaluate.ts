/** The value of pipelines, by the rules of text/template (exec.go). */

import { describeNode } from './describe-node.ts'
import { GoTemplateError, GoTemplateLimit } from './error.ts'
import { isFunctionName } from './function-names.ts'
import { FUNCTIONS, type GoFunction } from './functions.ts'
import type { ChainNode, CommandNode, IdentifierNode, NumberNode, OperandNode, PipeNode } from './nodes.ts'
import { deeper, fail, type Run, variableOf } from './run.ts'
import { isTrue, type Kinded, kinded, typeName } from './value.ts'

/** No value comes from the command before. */
const NONE = Symbol('none')

/** Arguments as they are written, behind what they are given to. */
interface Given {
  args: readonly OperandNode[]
  /** The value of the command before, as the last argument. */
  final: unknown
}
const NOTHING: Given = { args: [], final: NONE }

const hasAny = ({ args, final }: Given) => args.length > 0 || final !== NONE

/** Evaluates a pipeline, and declares or sets its variables. */
export function evaluatePipe(run: Run, dot: unknown, pipe: PipeNode): unknown {
  run.node = pipe
  let value: unknown = NONE
  for (const command of pipe.commands) {
    run.budget.spend(1)
    // What is inside an interface goes on; of nil nothing does.
    value = evaluateCommand(run, dot, command, value) ?? undefined
  }
  for (const name of pipe.declared) {
    if (pipe.isAssign) variableOf(run, name).value = value
    else run.variables.push({ name, value })
  }
  return value
}

function evaluateCommand(run: Run, dot: unknown, command: CommandNode, final: unknown): unknown {
  const [first, ...args] = command.args
  const given = { args, final }
  switch (first.type) {
    case 'field':
      run.node = first
      return fieldChain(run, dot, first.names, given)
    case 'chain':
      return evaluateChain(run, dot, first, given)
    case 'identifier':
      return callFunction(run, dot, first, command, given)
    case 'pipe':
      refuseArguments(run, first, given)
      return deeper(run, () => evaluatePipe(run, dot, first))
    case 'variable':
      run.node = first
      return evaluateVariable(run, first, given)
    default:
      run.node = first
      refuseArguments(run, first, given)
      return first.type === 'nil' ? fail(run, 'nil is not a command') : literal(run, dot, first)
  }
}

function refuseArguments(run: Run, node: OperandNode, given: Given): void {
  if (hasAny(given)) fail(run, `can't give argument to non-function ${describeNode(node)}`)
}

type Literal = Exclude<OperandNode, { type: 'field' | 'chain' | 'identifier' | 'pipe' | 'variable' | 'nil' }>

function literal(run: Run, dot: unknown, node: Literal): unknown {
  if (node.type === 'dot') return dot
  return node.type === 'number' ? numberOf(run, node) : node.value
}

function numberOf(run: Run, node: NumberNode): bigint | number {
  run.node = node
  if (node.value === 'overflow') fail(run, `${node.text} overflows int`)
  if (typeof node.value === 'object') fail(run, 'complex numbers are not supported')
  return node.value
}

function evaluateVariable(run: Run, node: Extract<OperandNode, { type: 'variable' }>, given: Given): unknown {
  const { value } = variableOf(run, node.name)
  if (node.fields.length > 0) return fieldChain(run, value, node.fields, given)
  refuseArguments(run, node, given)
  return value
}

function evaluateChain(run: Run, dot: unknown, node: ChainNode, given: Given): unknown {
  run.node = node
  if (node.node.type === 'nil') fail(run, `indirection through explicit nil in ${describeNode(node)}`)
  return fieldChain(run, evaluateArgument(run, dot, node.node), node.fields, given)
}

function fieldChain(run: Run, receiver: unknown, names: readonly string[], given: Given): unknown {
  let value = receiver
  let type: string | undefined
  for (const [index, name] of names.entries()) {
    run.budget.spend(1)
    const holder = kinded(value)
    value = fieldOf(run, holder, type ?? typeName(value), name, index === names.length - 1 && hasAny(given))
    // What a map gives is an interface to Go, whatever is in it.
    type = holder.kind === 'map' && holder.own === undefined ? 'interface {}' : undefined
  }
  return value
}

/** A field of a struct, or what a map has for a key. Of no value there is none; of nil asking is an error. */
function fieldOf(run: Run, holder: Kinded, type: string, name: string, hasArguments: boolean): unknown {
  switch (holder.kind) {
    case 'invalid':
      return undefined
    case 'nil':
      return fail(run, `nil pointer evaluating interface {}.${name}`)
    case 'struct':
      if (!Object.hasOwn(holder.own.fields, name)) break
      if (hasArguments) fail(run, `${name} has arguments but cannot be invoked as function`)
      return holder.own.fields[name]
    case 'map':
      if (hasArguments) fail(run, `${name} is not a method but has arguments`)
      return Object.hasOwn(holder.entries, name) ? holder.entries[name] : null
  }
  return fail(run, `can't evaluate field ${name} in type ${type}`)
}

function evaluateArgument(run: Run, dot: unknown, node: OperandNode): unknown {
  run.node = node
  run.budget.spend(1)
  switch (node.type) {
    case 'nil':
      return undefined
    case 'field':
      return fieldChain(run, dot, node.names, NOTHING)
    case 'variable':
      return evaluateVariable(run, node, NOTHING)
    case 'pipe':
      return deeper(run, () => evaluatePipe(run, dot, node))
    case 'identifier':
      return callFunction(run, dot, node, node, NOTHING)
    case 'chain':
      return evaluateChain(run, dot, node, NOTHING)
    default:
      return literal(run, dot, node)
  }
}

function callFunction(
  run: Run,
  dot: unknown,
  { name, at }: IdentifierNode,
  caller: CommandNode | IdentifierNode,
  given: Given,
): unknown {
  run.node = { type: 'identifier', name, at }
  if (!isFunctionName(name)) fail(run, `${name} is not a defined function`)
  if (name === 'and' || name === 'or') return decide(run, dot, name, given)
  const called = FUNCTIONS[name]
  checkCount(run, name, called.least, called.isVariadic, given)
  const args = evaluateArguments(run, dot, called, given)
  try {
    return called.call(args, run)
  } catch (error) {
    if (!(error instanceof GoTemplateError) || error instanceof GoTemplateLimit) throw error
    run.node = caller
    return fail(run, `error calling ${name}: ${error.message}`)
  }
}

function checkCount(
  run: Run,
  name: string,
  least: number,
  isVariadic: boolean,
  { args, final }: Given,
): void {
  const count = args.length + (final === NONE ? 0 : 1)
  if (isVariadic && count < least) {
    fail(run, `wrong number of args for ${name}: want at least ${least} got ${args.length}`)
  }
  if (!isVariadic && count !== least)
    fail(run, `wrong number of args for ${name}: want ${least} got ${count}`)
}

/** The first argument that decides, or the last one; those behind it are not evaluated. */
function decide(run: Run, dot: unknown, name: 'and' | 'or', given: Given): unknown {
  checkCount(run, name, 1, true, given)
  let value: unknown
  for (const arg of given.args) {
    value = evaluateArgument(run, dot, arg)
    if (isTrue(value) === (name === 'or')) return value
  }
  return given.final === NONE ? value : given.final
}

function evaluateArguments(run: Run, dot: unknown, called: GoFunction, { args, final }: Given): unknown[] {
  const isText = (index: number) => called.strings === 'all' || (called.strings === 'first' && index === 0)
  const values = args.map((arg, index) => {
    if (isText(index)) refuseLiteral(run, arg)
    return checkedText(run, evaluateArgument(run, dot, arg), isText(index))
  })
  if (final !== NONE) values.push(checkedText(run, final, isText(values.length)))
  return values
}

/** Where a string belongs, a constant of another type is refused in words of its own. */
function refuseLiteral(run: Run, arg: OperandNode): void {
  run.node = arg
  if (arg.type === 'nil') fail(run, 'cannot assign nil to string')
  if (arg.type === 'bool' || arg.type === 'number') fail(run, `expected string; found ${describeNode(arg)}`)
}

function checkedText(run: Run, value: unknown, isText: boolean): unknown {
  if (!isText || typeof value === 'string') return value
  if (value === undefined) fail(run, 'invalid value; expected string')
  const type = value === null ? 'interface {}' : typeName(value)
  return fail(run, `wrong type for value; expected string; got ${type}`)
}
