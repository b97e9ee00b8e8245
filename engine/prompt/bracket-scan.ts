/** Tells where something between brackets ends, looking at each character once. Strings are not looked into. */
export interface BracketScan {
  /** Takes the next character. True when it closes the first bracket. */
  take(char: string): boolean
  /** Inside a bracket or a string. */
  isOpen(): boolean
}

export interface StringStyle {
  /** Marks that stand on both sides of a string. */
  quotes: readonly string[]
  /** Nothing is escaped: a quote of one character only ends a string where something can follow. */
  isRaw: boolean
}

export const JSON_STRINGS: StringStyle = { quotes: ['"'], isRaw: false }

export function bracketScan({ quotes, isRaw }: StringStyle): BracketScan {
  let depth = 0
  /** The quote of the string this is in. */
  let quote: string | undefined
  let isEscaped = false
  /** A quote of a raw string: whether it ends one is seen by what follows. */
  let mayHaveEnded = false
  /** The last characters, for quotes of several. */
  let recent = ''
  const longest = Math.max(...quotes.map((each) => each.length))

  const ending = () =>
    quotes.find((each) => recent.endsWith(each) && !(each.length === 1 && isInsideQuote(each)))

  /** Part of a longer quote that has begun. */
  const isInsideQuote = (sign: string) =>
    quotes.some((each) => {
      const at = each.indexOf(sign)
      return at > 0 && recent.endsWith(each.slice(0, at + 1))
    })

  /** Whether the quote before `char` ended the string: something that can follow a value follows it. */
  function hasEnded(char: string): boolean {
    if (!mayHaveEnded || /\s/.test(char)) return false
    mayHaveEnded = false
    return /[,)\]}:=]/.test(char)
  }

  function inString(char: string): void {
    if (hasEnded(char)) quote = undefined
    else if (isEscaped) isEscaped = false
    else if (char === '\\' && !isRaw) isEscaped = true
    else if (ending() === quote) endString()
  }

  function endString(): void {
    if (isRaw && quote?.length === 1) mayHaveEnded = true
    else quote = undefined
    recent = ''
  }

  return {
    take(char) {
      recent = (recent + char).slice(-longest)
      if (quote !== undefined) {
        inString(char)
        if (quote !== undefined || !/[)\]}]/.test(char)) return false
      }
      const begun = ending()
      if (begun !== undefined) {
        quote = begun
        recent = ''
      } else if (/[([{]/.test(char)) depth += 1
      else if (/[)\]}]/.test(char)) {
        depth -= 1
        return depth === 0
      }
      return false
    },
    isOpen: () => depth > 0 || quote !== undefined,
  }
}
