import type { Tool } from '../types.ts'
import { bareCalls } from './bare-calls.ts'
import { taggedCalls } from './tagged-calls.ts'
import { gatherPieces, type ToolCallPiece } from './tool-call-pieces.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

export interface ToolCallParser {
  push(text: string): ToolCallPiece[]
  /** The text has ended: what looked like a call and was none comes out as text. */
  flush(): ToolCallPiece[]
}

/**
 * Finds calls to the given tools in a growing text, after ollama's tools package.
 *
 * With a tag, text before it is passed on; between the tags nothing is shown until it is known to be a call or not;
 * once there was a call, all other text is dropped. Without a tag, calls are only looked for when the answer begins
 * with a bracket, and what follows them is text. White space next to a call is dropped. A name that is not among
 * `tools` is never a call. `newId` gives each call its id.
 */
export function toolCallParser(
  format: ToolCallFormat,
  tools: readonly Tool[],
  newId: () => string,
): ToolCallParser {
  const pieces = gatherPieces(newId)
  const finder =
    format.triggers.length === 0 ? bareCalls(format, tools, pieces) : taggedCalls(format, tools, pieces)
  return {
    push(text) {
      finder.push(text)
      return pieces.take()
    },
    flush() {
      finder.flush()
      return pieces.end()
    },
  }
}
