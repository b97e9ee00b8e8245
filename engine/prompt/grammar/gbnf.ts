/**
 * Writes grammars in GBNF, the notation of llama.cpp (grammars/README.md there): rules of quoted texts, character
 * classes, groups, `|` and repetition, with `root` to start from.
 */
export interface GrammarBuilder {
  /** Adds a rule and returns its name, which begins with `hint`. The same body gets the same rule. */
  rule(hint: string, body: string): string
  /** A name for a rule that is defined later, for rules that contain themselves. */
  reserve(hint: string): string
  define(name: string, body: string): void
  /** The grammar that begins with `start`. */
  text(start: string): string
}

/** Rules one grammar may have. */
const MAX_RULES = 20_000
/** Characters one grammar may have. */
const MAX_LENGTH = 2 * 1024 * 1024

/** A grammar outgrew what the engine can be asked to parse. */
export class GrammarLimit extends Error {
  override readonly name = 'GrammarLimit'
}

/** A builder that gives out none of the `kept` names by itself. */
export function grammarBuilder(kept: readonly string[]): GrammarBuilder {
  const bodies = new Map<string, string>()
  const names = new Map<string, string>()
  const used = new Map<string, number>(['root', ...kept].map((name) => [name, 1]))
  let length = 0

  function reserve(hint: string): string {
    const base =
      hint
        .replace(/[^a-zA-Z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 40) || 'rule'
    const count = used.get(base) ?? 0
    used.set(base, count + 1)
    // A number behind a letter: `a-1` could be the second rule for `a` or the first for `a-1`.
    return count === 0 ? base : reserve(`${base}-x${count}`)
  }

  function define(name: string, body: string): void {
    length += name.length + body.length
    if (bodies.size >= MAX_RULES || length > MAX_LENGTH) throw new GrammarLimit('the grammar grew too large')
    bodies.set(name, body)
  }

  return {
    reserve,
    define,
    rule(hint, body) {
      const known = names.get(body)
      if (known !== undefined) return known
      const name = reserve(hint)
      names.set(body, name)
      define(name, body)
      return name
    },
    text(start) {
      const rules = [...bodies].map(([name, body]) => `${name} ::= ${body}\n`)
      return `root ::= ${start}\n${rules.join('')}`
    },
  }
}

/** A text to be matched as it is. It must be well-formed Unicode. */
export function literal(text: string): string {
  return `"${text.replace(/["\\\p{Cc}]/gu, escaped)}"`
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' }

function escaped(char: string): string {
  return SHORT[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`
}

/** Alternatives as one item of a sequence. */
export function oneOf(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? (alternatives[0] ?? '') : `(${alternatives.join(' | ')})`
}

/** Items one after another; empty ones are left out. */
export function sequence(...items: readonly string[]): string {
  return items.filter((item) => item !== '').join(' ')
}

/**
 * Most repetitions in one pair of braces. llama.cpp refuses 2000, multiplied by those of what is repeated, and
 * takes more than 2000 for no bound at all (`MAX_REPETITION_THRESHOLD` in src/llama-grammar.cpp).
 */
const CHUNK = 1_500
/** Most repetitions there may be. */
const MAX_REPETITIONS = 100_000

/**
 * `min` to `max` times `item`, an undefined `max` being no bound. Long counts are built from whole chunks, so that
 * at any place only two readings are open.
 */
export function repeat(grammar: GrammarBuilder, item: string, min: number, max: number | undefined): string {
  if (min > MAX_REPETITIONS || (max ?? 0) > MAX_REPETITIONS) {
    throw new GrammarLimit(`more than ${MAX_REPETITIONS} repetitions`)
  }
  if (max === 0) return ''
  // As a rule of its own, what is repeated does not multiply.
  const unit = /^[a-zA-Z0-9-]+$/.test(item) ? item : grammar.rule('item', item)
  if (max === undefined)
    return min <= 1 ? `${unit}${min === 0 ? '*' : '+'}` : `${exactly(grammar, unit, min)} ${unit}*`
  return sequence(exactly(grammar, unit, min), upTo(grammar, unit, max - min))
}

function exactly(grammar: GrammarBuilder, unit: string, count: number): string {
  const rest = count % CHUNK
  const chunks = Array.from({ length: (count - rest) / CHUNK }, () => chunk(grammar, unit))
  return sequence(...chunks, rest === 0 ? '' : `${unit}{${rest}}`)
}

function upTo(grammar: GrammarBuilder, unit: string, count: number): string {
  if (count === 0) return ''
  let rest = `${unit}{0,${count % CHUNK}}`
  if (count % CHUNK === 0) rest = ''
  for (let left = count - (count % CHUNK); left > 0; left -= CHUNK) {
    const short = grammar.rule('short', `${unit}{0,${CHUNK - 1}}`)
    rest = grammar.rule('long', `${short} | ${sequence(chunk(grammar, unit), rest)}`)
  }
  return rest
}

function chunk(grammar: GrammarBuilder, unit: string): string {
  return grammar.rule('chunk', `${unit}{${CHUNK}}`)
}
