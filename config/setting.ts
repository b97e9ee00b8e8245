import { z } from 'zod'
import { parseGoDuration } from '../formats/go-duration.ts'

/** What became of a variable's text. */
export interface Read<T> {
  value: T
  /** Why the value is not what the text says. */
  warning?: string
}

/**
 * One variable. The default is given as text and goes through the same reader, so what the documentation
 * shows is what happens. A reader that throws refuses the text.
 */
export function setting<T>(defaultText: string, read: (text: string) => Read<T>) {
  return z
    .string()
    .default(defaultText)
    .transform((text, context) => {
      try {
        return read(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
        return z.NEVER
      }
    })
    .meta({ default: defaultText })
}

/** A variable whose text must be right: `parse` throws otherwise. */
export function strict<T>(defaultText: string, parse: (text: string) => T) {
  return setting(defaultText, (text) => ({ value: parse(text) }))
}

/** A variable where Ollama goes on with the default when `parse` gives undefined. So do we, with a warning. */
export function lenient<T>(defaultText: string, parse: (text: string) => T | undefined) {
  const fallback = parse(defaultText)
  if (fallback === undefined) throw new Error(`the default "${defaultText}" is not understood`)
  return setting<T>(defaultText, (text) => {
    const value = parse(text)
    if (value !== undefined) return { value }
    return { value: fallback, warning: `"${text}" is not understood, using ${defaultText}` }
  })
}

/** One of a few words, in any case. Throws Error that lists them. */
export function word<const W extends string>(words: readonly W[]): (text: string) => W {
  return (text) => {
    const found = words.find((candidate) => candidate === text.toLowerCase())
    if (found === undefined) throw new Error(`"${text}" is not one of ${words.join(', ')}`)
    return found
  }
}

/** The words of Go's strconv.ParseBool; undefined for any other text. */
export function parseBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false
  return undefined
}

/** An integer of at least 0; undefined for any other text. */
export function parseUnsigned(text: string): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : undefined
}

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** Bytes of a number with a unit or none; `K`, `KB` and `KiB` all mean 1024. Undefined for any other text. */
export function parseBytes(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  const bytes =
    digits === '' ? Number.NaN : Math.floor(Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Milliseconds of a Go duration or of whole seconds; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  if (/^[-+]?\d+$/.test(text)) return Number(text) * 1000
  try {
    return parseGoDuration(text)
  } catch {
    // The caller decides whether such a text is an error or means the default.
    return undefined
  }
}
