/** What a piece of output adds to the answer. `stopped`: a stop string was completed and nothing follows. */
export interface AnswerPiece {
  text: string
  stopped: boolean
}

export interface AnswerText {
  /** Takes the bytes of one token; gives the text that is now certain. */
  push(bytes: Uint8Array): AnswerPiece
  /** The end of generation: what was held back can no longer become a stop string. */
  flush(): string
}

/**
 * Turns token bytes into text that may be shown: whole UTF-8 characters only, and nothing that could still
 * become a stop string. Of several stop strings the one that begins first ends the text. Bytes that can
 * never be UTF-8 become U+FFFD. Empty stop strings are ignored.
 */
export function createAnswerText(stopStrings: readonly string[]): AnswerText {
  const stops = stopStrings.filter((stop) => stop !== '')
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let held = ''
  return {
    push(bytes) {
      held += decoder.decode(bytes, { stream: true })
      const end = firstStop(held, stops)
      if (end >= 0) {
        const text = held.slice(0, end)
        held = ''
        return { text, stopped: true }
      }
      const certain = held.length - longestOpenStop(held, stops)
      const text = held.slice(0, certain)
      held = held.slice(certain)
      return { text, stopped: false }
    },
    flush() {
      // Bytes of a character that was cut off are no text.
      const text = held
      held = ''
      return text
    },
  }
}

/** Where the first complete stop string begins, or -1. */
function firstStop(text: string, stops: readonly string[]): number {
  let first = -1
  for (const stop of stops) {
    const at = text.indexOf(stop)
    if (at >= 0 && (first < 0 || at < first)) first = at
  }
  return first
}

/** Length of the longest end of `text` that begins some stop string. */
function longestOpenStop(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    const most = Math.min(stop.length - 1, text.length)
    for (let length = most; length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length
    }
  }
  return longest
}
