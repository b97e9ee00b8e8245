import type { CallStatement, For, Node, Parameter, SetStatement } from './ast.ts'
import { argumentsOf, evaluate, filtered } from './expressions.ts'
import { bounded, MAX_TEXT, tooLarge } from './limits.ts'
import { Scope } from './scope.ts'
import {
  type Callable,
  type Dict,
  isEqual,
  isTruthy,
  itemsOf,
  Namespace,
  toText,
  typeName,
  type Value,
} from './value.ts'

/** Collects what a block prints. */
interface Output {
  parts: string[]
  length: number
}

/** What an iteration costs before its body does anything. */
const LOOP_STEPS = 20

/** How a block ended: loops act on the last two. */
type Flow = 'next' | 'break' | 'continue'

/** Prints a block into a string of its own. Throws Error as Jinja2 would, and when the text grows too large. */
export function print(body: readonly Node[], scope: Scope): string {
  const output: Output = { parts: [], length: 0 }
  run(body, scope, output)
  return bounded(output.parts.join(''))
}

function run(body: readonly Node[], scope: Scope, output: Output): Flow {
  for (const node of body) {
    const flow = statement(node, scope, output)
    if (flow !== 'next') return flow
  }
  return 'next'
}

function statement(node: Node, scope: Scope, output: Output): Flow {
  switch (node.type) {
    case 'If':
      return run(isTruthy(evaluate(node.test, scope)) ? node.body : node.alternate, scope, output)
    case 'For':
      return loop(node, scope, output)
    case 'Break':
      return 'break'
    case 'Continue':
      return 'continue'
    case 'Set':
      assign(node, scope)
      return 'next'
    case 'Macro':
      scope.set(node.name.value, callable(node.args, node.body, scope))
      return 'next'
    case 'Comment':
      return 'next'
    case 'CallStatement':
      return write(callBlock(node, scope), output)
    case 'FilterStatement':
      return write(filtered(print(node.body, new Scope(scope)), node.filter, scope), output)
    default:
      return write(evaluate(node, scope), output)
  }
}

function write(value: Value, output: Output): Flow {
  const text = toText(value)
  output.length += text.length
  if (output.length > MAX_TEXT) throw tooLarge()
  output.parts.push(text)
  return 'next'
}

function loop(node: For, scope: Scope, output: Output): Flow {
  const items = loopItems(node, scope)
  if (items.length === 0) return run(node.defaultBlock, new Scope(scope), output)
  const seen: { value: Value[] | undefined } = { value: undefined }
  for (const [at, item] of items.entries()) {
    scope.step(undefined, LOOP_STEPS)
    // A fresh scope each time: what a body sets does not outlive its iteration.
    const inner = new Scope(scope)
    inner.set('loop', loopVariable(items, at, seen))
    bind(node.loopvar, item, inner)
    if (run(node.body, inner, output) === 'break') break
  }
  return 'next'
}

function loopItems(node: For, scope: Scope): Value[] {
  if (node.iterable.type !== 'SelectExpression') return itemsOf(evaluate(node.iterable, scope))
  const { lhs, test } = node.iterable
  return itemsOf(evaluate(lhs, scope)).filter((item) => {
    const inner = new Scope(scope)
    bind(node.loopvar, item, inner)
    return isTruthy(evaluate(test, inner))
  })
}

function loopVariable(items: Value[], at: number, seen: { value: Value[] | undefined }): Namespace {
  const variable = new Namespace()
  const fields: Record<string, Value> = {
    index: at + 1,
    index0: at,
    revindex: items.length - at,
    revindex0: items.length - at - 1,
    first: at === 0,
    last: at === items.length - 1,
    length: items.length,
    previtem: items[at - 1],
    nextitem: items[at + 1],
    cycle: (args) => args[at % args.length],
    changed: (args) => {
      const isChanged = seen.value === undefined || !isEqual(seen.value, args)
      seen.value = args
      return isChanged
    },
  }
  for (const [name, value] of Object.entries(fields)) variable.fields.set(name, value)
  return variable
}

/** Gives a value to a name, or its items to several names. */
function bind(target: Node, value: Value, scope: Scope): void {
  if (target.type === 'Identifier') {
    scope.set(target.value, value)
    return
  }
  if (target.type !== 'TupleLiteral') throw new Error(`cannot assign to ${target.type}`)
  const items = itemsOf(value)
  if (items.length !== target.value.length) {
    throw new Error(`expected ${target.value.length} values to unpack, got ${items.length}`)
  }
  for (const [at, inner] of target.value.entries()) bind(inner, items[at], scope)
}

function assign(node: SetStatement, scope: Scope): void {
  const value = node.value === null ? print(node.body, new Scope(scope)) : evaluate(node.value, scope)
  if (node.assignee.type !== 'MemberExpression') {
    bind(node.assignee, value, scope)
    return
  }
  const object = evaluate(node.assignee.object, scope)
  if (!(object instanceof Namespace) || node.assignee.property.type !== 'Identifier') {
    throw new Error('cannot assign attribute on non-namespace object')
  }
  object.fields.set(node.assignee.property.value, value)
}

/** A macro sees the variables around its definition, not those around its call. */
function callable(parameters: readonly Parameter[], body: readonly Node[], scope: Scope): Callable {
  return (args, keywords) => {
    const inner = new Scope(scope)
    const extra: Dict = new Map(keywords)
    for (const [at, parameter] of parameters.entries()) bindParameter(parameter, args, at, extra, inner)
    if (extra.has('caller')) inner.set('caller', extra.get('caller'))
    inner.set('varargs', args.slice(parameters.length))
    inner.set('kwargs', extra)
    return print(body, inner)
  }
}

/** Takes the argument by place, else by name out of `extra`, else the default. */
function bindParameter(parameter: Parameter, args: Value[], at: number, extra: Dict, inner: Scope): void {
  const name = parameter.type === 'Identifier' ? parameter.value : parameter.key.value
  if (at < args.length) inner.set(name, args[at])
  else if (extra.has(name)) inner.set(name, extra.get(name))
  else inner.set(name, parameter.type === 'Identifier' ? undefined : evaluate(parameter.value, inner))
  extra.delete(name)
}

function callBlock(node: CallStatement, scope: Scope): Value {
  const callee = evaluate(node.call.callee, scope)
  if (typeof callee !== 'function') throw new Error(`'${typeName(callee)}' object is not callable`)
  const { args, keywords } = argumentsOf(node.call.args, scope)
  keywords.set('caller', callable(node.callerArgs ?? [], node.body, scope))
  return callee(args, keywords)
}
