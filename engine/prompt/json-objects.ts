/** Cuts one JSON object out of a growing text, looking at each character once. */
export interface ObjectCutter {
  /** `text` continues the object (it begins with `{` the first time). Undefined while the object is open. */
  take(text: string): { object: string; rest: string } | undefined
}

/** Balances braces outside strings; whether the object is JSON is for a parser to say. */
export function objectCutter(): ObjectCutter {
  let object = ''
  let depth = 0
  let inString = false
  let isEscaped = false

  /** Counts one character; true when it closes the object. */
  function closes(char: string): boolean {
    if (isEscaped) isEscaped = false
    else if (inString) {
      isEscaped = char === '\\'
      inString = char !== '"'
    } else if (char === '"') inString = true
    else if (char === '{') depth += 1
    else if (char === '}') depth -= 1
    return depth === 0
  }

  return {
    take(text) {
      for (let at = 0; at < text.length; at++) {
        if (closes(text.charAt(at)))
          return { object: object + text.slice(0, at + 1), rest: text.slice(at + 1) }
      }
      object += text
      return undefined
    },
  }
}
