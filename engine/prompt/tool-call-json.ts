import type { ToolCallFormat } from './tool-format/types.ts'

/** A call as a model wrote it, with the name checked against the tools it has. */
export interface ParsedCall {
  name: string
  arguments: Record<string, unknown>
}

/** Levels of wrapping (`{"tool_calls": [{"function": …}]}`) that are looked through. */
const MAX_DEPTH = 6

/** The keys of a call in the model's own JSON; undefined where it has none. */
export type CallKeys = NonNullable<ToolCallFormat['object']>

const USUAL: CallKeys = { nameKey: undefined, argumentsKey: undefined }

/**
 * The calls in one JSON object, as ollama's tools package finds them: `name` beside `arguments` or `parameters` (or the
 * model's own keys), an object keyed by the tool's name, either of them nested; else, when the text before it names a
 * tool, the whole object is the arguments. Arguments may be a string of JSON. Empty when it is no call to one of
 * `names`.
 */
export function callsInJson(
  json: string,
  before: string,
  names: readonly string[],
  keys: CallKeys = USUAL,
): ParsedCall[] {
  const value = parsedObject(json)
  if (value === undefined) return []
  const whole = callOf(value, names, keys)
  if (whole !== undefined) return [whole]
  const announced = nameIn(before, names)
  if (announced !== undefined) return [{ name: announced, arguments: value }]
  return nestedCalls(value, names, keys, MAX_DEPTH)
}

/** The arguments of the tool that a text names, as far as it names one. */
export function announcedCall(
  json: string,
  before: string,
  names: readonly string[],
): ParsedCall | undefined {
  const name = nameIn(before, names)
  const args = name === undefined ? undefined : parsedObject(json)
  return name === undefined || args === undefined ? undefined : { name, arguments: args }
}

function callOf(
  value: Record<string, unknown>,
  names: readonly string[],
  { nameKey = 'name', argumentsKey = 'arguments' }: CallKeys,
): ParsedCall | undefined {
  const name = value[nameKey] ?? value.name ?? value.tool_name
  if (typeof name !== 'string' || !names.includes(name)) return undefined
  const args = argumentsFrom(value[argumentsKey] ?? value.arguments ?? value.parameters ?? {})
  return args && { name, arguments: args }
}

function nestedCalls(value: unknown, names: readonly string[], keys: CallKeys, depth: number): ParsedCall[] {
  if (depth === 0) return []
  if (Array.isArray(value)) return value.flatMap((item) => nestedCalls(item, names, keys, depth - 1))
  if (!isObject(value)) return []
  const call = callOf(value, names, keys)
  if (call !== undefined) return [call]
  // A call to something else: its arguments are not searched for calls.
  if (typeof value[keys.nameKey ?? 'name'] === 'string') return []
  return Object.entries(value).flatMap(([key, item]) => {
    const args = names.includes(key) ? argumentsFrom(item) : undefined
    return args === undefined ? nestedCalls(item, names, keys, depth - 1) : [{ name: key, arguments: args }]
  })
}

function argumentsFrom(value: unknown): Record<string, unknown> | undefined {
  if (isObject(value)) return value
  if (value === '') return {}
  return typeof value === 'string' ? parsedObject(value) : undefined
}

/** The tool named last in a text, whole words only; of names that end at the same place the longest. */
function nameIn(text: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let bestEnd = -1
  for (const name of names) {
    const at = text.lastIndexOf(name)
    const end = at + name.length
    const isWhole = at >= 0 && !isWordAt(text, at - 1) && !isWordAt(text, end)
    if (!isWhole || end < bestEnd || (end === bestEnd && name.length < (best ?? '').length)) continue
    best = name
    bestEnd = end
  }
  return best
}

function isWordAt(text: string, at: number): boolean {
  return /[\w-]/.test(text.charAt(at))
}

/** The JSON object a text is; undefined when it is none. */
export function parsedObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? value : undefined
  } catch {
    // A model may write anything between braces; what is not JSON is not a call.
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
