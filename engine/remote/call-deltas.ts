import { EngineError } from '../errors.ts'
import { newToolCallId } from '../prompt/tool-call-id.ts'
import type { ToolCall } from '../types.ts'
import { type CallDelta, MAX_CALLS } from './chunk.ts'
import { brokenOff } from './failure.ts'

/** Characters of arguments in one answer, all calls together: a file or two that a program writes. */
const MAX_ARGUMENTS = 2 * 1024 * 1024

/** Calls that grow piece by piece. */
export interface CallDeltas {
  /** Throws EngineError when there are too many calls, or too much of them. */
  add(deltas: readonly CallDelta[]): void
  /**
   * All calls, whole, in their order. Throws EngineError `invalid_answer` for arguments that are no JSON object. Where
   * the answer was cut off at its longest, a call that it cut is left out: it is not one to make.
   */
  finish(isCutOff: boolean): (ToolCall & { id: string })[]
}

interface Growing {
  id: string
  name: string
  arguments: string
}

/** No call is known to be whole before the answer ends: pieces of several may come in turns. */
export function createCallDeltas(): CallDeltas {
  const byIndex = new Map<number, Growing>()
  const calls: Growing[] = []
  let length = 0

  function growing({ index, id }: CallDelta, place: number): Growing {
    const key = index ?? place
    const known = byIndex.get(key)
    // Some servers number every call 0: another id is another call.
    if (known !== undefined && (!id || known.id === '' || known.id === id)) return known
    const call = { id: '', name: '', arguments: '' }
    if (calls.push(call) > MAX_CALLS) throw brokenOff(`more than ${MAX_CALLS} tool calls`)
    byIndex.set(key, call)
    return call
  }

  return {
    add(deltas) {
      for (const [place, delta] of deltas.entries()) {
        const call = growing(delta, place)
        const { name, arguments: piece } = delta.function ?? {}
        call.id ||= delta.id ?? ''
        call.name ||= name ?? ''
        const text = typeof piece === 'object' ? piece && JSON.stringify(piece) : piece
        call.arguments += text ?? ''
        length += text?.length ?? 0
        if (length > MAX_ARGUMENTS) throw brokenOff(`more than ${MAX_ARGUMENTS} characters of tool calls`)
      }
    },
    finish: (isCutOff) =>
      calls.flatMap(({ id, name, arguments: text }) => {
        const given = argumentsIn(text)
        if (isCutOff && given === undefined) return []
        if (name === '') throw new EngineError('invalid_answer', 'invalid tool call: it names no function')
        if (given !== undefined) return [{ id: id || newToolCallId(), name, arguments: given }]
        throw new EngineError('invalid_answer', `invalid tool call arguments for ${JSON.stringify(name)}`)
      }),
  }
}

/** Undefined for what is no JSON object. */
function argumentsIn(text: string): Record<string, unknown> | undefined {
  // What a function without parameters is called with.
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? { ...value } : undefined
  } catch {
    // What the parser says quotes the answer, which belongs in no log.
    return undefined
  }
}
