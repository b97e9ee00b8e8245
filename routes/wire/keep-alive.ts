import { parseGoDuration } from '../../formats/go-duration.ts'

/**
 * Milliseconds to keep a model loaded, from `keep_alive`: seconds as a number, or a Go duration as text.
 * Infinity for anything negative. Throws SyntaxError in the words of ollama api/types.go.
 */
export function keepAliveMs(value: unknown): number {
  const ms = typeof value === 'number' ? value * 1000 : parseGoDuration(durationText(value))
  // Go counts whole nanoseconds: less than one is none, and that means "unload".
  return ms < 0 ? Number.POSITIVE_INFINITY : Math.floor(ms * 1e6) / 1e6
}

function durationText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') throw new SyntaxError("Unsupported type: 'bool'")
  const goType = Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
  throw new SyntaxError(`Unsupported type: '${goType}'`)
}
