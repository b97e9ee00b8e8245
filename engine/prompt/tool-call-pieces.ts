import type { ToolCall } from '../types.ts'
import type { ParsedCall } from './tool-call-json.ts'

export type ToolCallPiece = { kind: 'text'; text: string } | { kind: 'call'; call: ToolCall & { id: string } }

/** Gathers what a parser finds. */
export interface Pieces {
  /** White space at the end waits for what comes next. */
  text(text: string): void
  /** Takes the place of the white space before it. */
  call(call: ParsedCall): void
  hasCalls(): boolean
  /** What was gathered since the last time. */
  take(): ToolCallPiece[]
  /** As `take`, with the white space that waited: nothing follows. */
  end(): ToolCallPiece[]
}

/** Text joins the piece before it; calls get an id. */
export function gatherPieces(newId: () => string): Pieces {
  let gathered: ToolCallPiece[] = []
  let blank = ''
  let calls = 0

  function add(text: string): void {
    const last = gathered.at(-1)
    if (last?.kind === 'text') last.text += text
    else if (text !== '') gathered.push({ kind: 'text', text })
  }

  function take(): ToolCallPiece[] {
    const taken = gathered
    gathered = []
    return taken
  }

  return {
    text(text) {
      const body = text.trimEnd()
      if (body !== '') {
        add(blank + body)
        blank = ''
      }
      blank += text.slice(body.length)
    },
    call(call) {
      blank = ''
      calls += 1
      gathered.push({ kind: 'call', call: { id: newId(), ...call } })
    },
    hasCalls: () => calls > 0,
    take,
    end() {
      // Behind a call white space is not an answer.
      if (calls === 0) add(blank)
      blank = ''
      return take()
    },
  }
}
