import { endOfFirstValue, MAX_DEPTH } from './go-json-scan.ts'

/** The key that names an object's prototype; written plainly or with escapes. */
const MAY_NAME_PROTOTYPE = /__proto__|\\u00[57]/i

/**
 * Parses a request body as Go's encoding/json Decoder does: the first JSON value counts and what follows
 * it is ignored. Text with nothing but white space gives undefined. `__proto__` keys are dropped at every
 * depth. Throws SyntaxError in Go's words (`unexpected EOF`, `invalid character '}' looking for …`).
 */
export function parseGoJson(text: string): unknown {
  return checked(text, parseFirstValue(text))
}

/** JSON.parse is much faster than any scanner in JavaScript, so only text that it refuses is looked at. */
function parseFirstValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Refused for its tail, for being empty, or for an error that Go words differently: find out which.
    const end = endOfFirstValue(text)
    return end === undefined ? undefined : JSON.parse(text.slice(0, end))
  }
}

/** Neither trouble is possible in most bodies; those need no walk. */
function checked(text: string, value: unknown): unknown {
  const mayBeDeep = text.length > MAX_DEPTH
  if (mayBeDeep || MAY_NAME_PROTOTYPE.test(text)) walk(value)
  return value
}

/** Level by level, so that depth is counted without a deep stack of calls. */
function walk(value: unknown): void {
  let level = [value].filter(isContainer)
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new SyntaxError('exceeded max depth')
    for (const container of level) Reflect.deleteProperty(container, '__proto__')
    level = level.flatMap((container) => Object.values(container).filter(isContainer))
  }
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null
