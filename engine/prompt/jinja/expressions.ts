import type { Binary, Call, Identifier, Member, Node, Slice } from './ast.ts'
import type { FilterArguments } from './filter.ts'
import { applyFilter } from './filters.ts'
import { methodOf } from './methods.ts'
import { OPERATORS } from './operators.ts'
import type { Scope } from './scope.ts'
import { testNamed } from './tests.ts'
import { escapeHtml } from './text-filters.ts'
import { type Dict, isDict, isNumeric, isTruthy, itemsOf, Namespace, typeName, type Value } from './value.ts'

/** The value of an expression. Throws Error in Python's words where Jinja2 would. */
export function evaluate(node: Node, scope: Scope): Value {
  scope.step()
  switch (node.type) {
    case 'StringLiteral':
    case 'IntegerLiteral':
    case 'FloatLiteral':
      return node.value
    case 'ArrayLiteral':
    case 'TupleLiteral':
      return node.value.map((item) => evaluate(item, scope))
    case 'ObjectLiteral':
      return dict(node.value, scope)
    case 'Identifier':
      return scope.get(node.value)
    case 'MemberExpression':
      return member(node, scope)
    case 'CallExpression':
      return charged(call(node, scope), scope)
    case 'BinaryExpression':
      return binary(node, scope)
    case 'UnaryExpression':
      return unary(node.operator.value, evaluate(node.argument, scope))
    case 'FilterExpression':
      return charged(filtered(charged(evaluate(node.operand, scope), scope), node.filter, scope), scope)
    case 'TestExpression':
      return testNamed(node.test.value)(evaluate(node.operand, scope), undefined) !== node.negate
    case 'SelectExpression':
      return isTruthy(evaluate(node.test, scope)) ? evaluate(node.lhs, scope) : undefined
    case 'Ternary':
      return evaluate(isTruthy(evaluate(node.condition, scope)) ? node.trueExpr : node.falseExpr, scope)
    default:
      throw new Error(`unexpected ${node.type} in an expression`)
  }
}

/** Calls, filters and subscripts look at all of a value. Concatenation does not, so text is not charged there. */
function charged(value: Value, scope: Scope): Value {
  scope.step(value)
  return value
}

function dict(entries: Map<Node, Node>, scope: Scope): Dict {
  return new Map([...entries].map(([key, value]) => [evaluate(key, scope), evaluate(value, scope)]))
}

function binary(node: Binary, scope: Scope): Value {
  const left = evaluate(node.left, scope)
  if (node.operator.value === 'and') return isTruthy(left) ? evaluate(node.right, scope) : left
  if (node.operator.value === 'or') return isTruthy(left) ? left : evaluate(node.right, scope)
  const operator = OPERATORS[node.operator.value]
  if (operator === undefined) throw new Error(`unknown operator ${node.operator.value}`)
  const right = evaluate(node.right, scope)
  if (Array.isArray(right)) scope.step(right)
  const isLenient = ['==', '!=', 'in', 'not in', '~'].includes(node.operator.value)
  if (!isLenient && left === undefined) throw undefinedError(node.left)
  if (!isLenient && right === undefined) throw undefinedError(node.right)
  if (node.operator.value === '+' && isSafe(node)) {
    return operator(escapedUnlessSafe(left, node.left), escapedUnlessSafe(right, node.right))
  }
  return operator(left, right)
}

/** Known by node, because a long sum would ask for the same part again and again. */
const safeNodes = new WeakMap<Node, boolean>()

/** Whether Jinja2 holds the result for markup: the filters that say so, and what they are added to. */
function isSafe(node: Node): boolean {
  const known = safeNodes.get(node)
  if (known !== undefined) return known
  const isMarked = node.type === 'FilterExpression' && SAFE_FILTERS.has(filterName(node.filter))
  const isSum = node.type === 'BinaryExpression' && node.operator.value === '+'
  const safe = isMarked || (isSum && (isSafe(node.left) || isSafe(node.right)))
  safeNodes.set(node, safe)
  return safe
}

const SAFE_FILTERS = new Set(['safe', 'e', 'escape'])

function filterName(filter: Identifier | Call): string {
  const name = filter.type === 'Identifier' ? filter : filter.callee
  return name.type === 'Identifier' ? name.value : ''
}

/** Adding to markup escapes what is added, also where nothing else is ever escaped. */
function escapedUnlessSafe(value: Value, node: Node): Value {
  return typeof value === 'string' && !isSafe(node) ? escapeHtml(value) : value
}

function unary(operator: string, value: Value): Value {
  if (operator === 'not') return !isTruthy(value)
  if (!isNumeric(value)) throw new Error(`bad operand type for unary ${operator}: '${typeName(value)}'`)
  return operator === '-' ? -Number(value) : Number(value)
}

/** Applies the filter of a `|` or of a filter block. */
export function filtered(value: Value, filter: Identifier | Call, scope: Scope): Value {
  if (filter.type === 'Identifier') return applyFilter(filter.value, value, { args: [], keywords: new Map() })
  if (filter.callee.type !== 'Identifier') throw new Error('a filter must be a name')
  return applyFilter(filter.callee.value, value, argumentsOf(filter.args, scope))
}

/** Evaluates what stands in the parentheses of a call. */
export function argumentsOf(nodes: readonly Node[], scope: Scope): FilterArguments {
  const args: Value[] = []
  const keywords = new Map<string, Value>()
  for (const node of nodes) {
    if (node.type === 'KeywordArgumentExpression') keywords.set(node.key.value, evaluate(node.value, scope))
    else if (node.type === 'SpreadExpression') args.push(...itemsOf(evaluate(node.argument, scope)))
    else if (node.type === 'KeywordSpreadExpression') {
      const given = evaluate(node.argument, scope)
      if (!isDict(given)) throw new Error(`argument after ** must be a mapping, not ${typeName(given)}`)
      for (const [key, value] of given) keywords.set(String(key), value)
    } else args.push(evaluate(node, scope))
  }
  return { args, keywords }
}

function call(node: Call, scope: Scope): Value {
  const callee = evaluate(node.callee, scope)
  if (callee === undefined) throw undefinedError(node.callee)
  if (typeof callee !== 'function') throw new Error(`'${typeName(callee)}' object is not callable`)
  const { args, keywords } = argumentsOf(node.args, scope)
  return callee(args, keywords)
}

function member(node: Member, scope: Scope): Value {
  const object = evaluate(node.object, scope)
  if (object === undefined) throw undefinedError(node.object)
  if (typeof object === 'string') scope.step(object)
  if (node.property.type === 'SliceExpression') return slice(object, node.property, scope)
  if (node.computed) return itemAt(object, evaluate(node.property, scope))
  if (node.property.type !== 'Identifier') return itemAt(object, evaluate(node.property, scope))
  // As in Jinja2, `a.b` looks for an attribute first: `tool.items` is the method, `tool['items']` the key.
  return methodOf(object, node.property.value) ?? itemAt(object, node.property.value)
}

function itemAt(object: Value, key: Value): Value {
  if (isDict(object)) {
    return object.has(key) || typeof key !== 'string' ? object.get(key) : methodOf(object, key)
  }
  if (object instanceof Namespace) return typeof key === 'string' ? object.fields.get(key) : undefined
  if (typeof key === 'string') return methodOf(object, key)
  if (typeof key !== 'number') return undefined
  return typeof object === 'string' || Array.isArray(object) ? itemsOf(object).at(key) : undefined
}

function slice(object: Value, bounds: Slice, scope: Scope): Value {
  if (typeof object !== 'string' && !Array.isArray(object)) {
    throw new Error(`'${typeName(object)}' object is not subscriptable`)
  }
  const [start, stop, step] = [bounds.start, bounds.stop, bounds.step].map((node) => {
    const value = node === undefined ? undefined : evaluate(node, scope)
    return value === undefined || value === null ? undefined : Number(value)
  })
  const items = itemsOf(object)
  const taken =
    step === undefined || step === 1 ? items.slice(start, stop) : strided(items, start, stop, step)
  return typeof object === 'string' ? taken.join('') : taken
}

function strided(items: Value[], start: number | undefined, stop: number | undefined, step: number): Value[] {
  if (step === 0) throw new Error('slice step cannot be zero')
  const [low, high] = step > 0 ? [0, items.length] : [-1, items.length - 1]
  const place = (at: number) => Math.min(Math.max(at < 0 ? at + items.length : at, low), high)
  const end = stop === undefined ? (step > 0 ? high : low) : place(stop)
  const taken: Value[] = []
  for (
    let i = start === undefined ? (step > 0 ? low : high) : place(start);
    step > 0 ? i < end : i > end;
    i += step
  ) {
    taken.push(items[i])
  }
  return taken
}

function undefinedError(node: Node): Error {
  if (node.type === 'Identifier') return new Error(`'${node.value}' is undefined`)
  if (node.type === 'MemberExpression' && node.property.type !== 'SliceExpression') {
    const name = 'value' in node.property ? node.property.value : 'item'
    return new Error(`object has no attribute '${String(name)}'`)
  }
  return new Error('an expression is undefined')
}
