import { type Instruction, ModelfileError, type PlainName } from './types.ts'

/*
 * The grammar of Modelfiles (ollama parser/parser.go):
 *
 *   file        = { blank | newline | comment | instruction }
 *   comment     = "#" to the end of the line, where an instruction could start
 *   instruction = word blank value | "PARAMETER" blank name blank value | "MESSAGE" blank role blank value
 *   value       = text to the end of the line, without the white space around it
 *               | '"' text '"' | '"""' text '"""'
 *
 * A quote that is opened ends where a line ends with its like, so it may span lines and hold other quotes in the
 * middle of them. Nothing is escaped. Unlike Ollama's parser this one keeps characters that do not print, and takes
 * several blanks between the words of an instruction.
 */

const PLAIN: ReadonlySet<string> = new Set<PlainName>([
  'from',
  'template',
  'system',
  'license',
  'adapter',
  'draft',
  'renderer',
  'parser',
  'requires',
])
const ROLES: ReadonlySet<string> = new Set(['system', 'user', 'assistant'])

const BAD_COMMAND =
  'command must be one of "from", "license", "template", "system", "adapter", "draft", "renderer", "parser", ' +
  '"parameter", "message", or "requires"'
const BAD_ROLE = 'message role must be one of "system", "user", or "assistant"'
const CUT_SHORT = 'unexpected EOF'

const isPlainName = (word: string): word is PlainName => PLAIN.has(word)

/** The instructions of a Modelfile, in order. Throws ModelfileError. */
export function parseModelfile(text: string): Instruction[] {
  const scanner = new Scanner(text)
  const instructions: Instruction[] = []
  while (scanner.toInstruction()) instructions.push(readInstruction(scanner))
  if (!instructions.some(({ name }) => name === 'from')) throw new ModelfileError('no FROM line')
  return instructions
}

function readInstruction(scanner: Scanner): Instruction {
  const name = scanner.word(/[A-Za-z]*/y).toLowerCase()
  const isKnown = isPlainName(name) || name === 'parameter' || name === 'message'
  if (!isKnown || !scanner.isAtWordEnd()) throw scanner.error(BAD_COMMAND)
  if (isPlainName(name)) return { name, value: scanner.value() }
  if (name === 'parameter') {
    const key = scanner.argument(/[A-Za-z0-9_]*/y)
    return { name, key, value: scanner.value() }
  }
  const role = scanner.argument(/[A-Za-z]*/y)
  if (!ROLES.has(role)) throw scanner.error(BAD_ROLE)
  return { name, role, value: scanner.value() }
}

const isBlank = (character: string | undefined) => character === ' ' || character === '\t'
const isNewline = (character: string | undefined) => character === '\n' || character === '\r'

/** Walks over the text once. */
class Scanner {
  readonly #text: string
  #at = 0
  /** Where the current instruction begins: errors name its line. */
  #start = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Goes on to the next instruction; false when there is none. */
  toInstruction(): boolean {
    for (;;) {
      const character = this.#text[this.#at]
      if (character === '#') this.#at = this.#lineEnd(this.#at)
      else if (isBlank(character) || isNewline(character)) this.#at += 1
      else break
    }
    this.#start = this.#at
    return this.#at < this.#text.length
  }

  /** What the sticky pattern matches here. */
  word(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [word = ''] = pattern.exec(this.#text) ?? []
    this.#at += word.length
    return word
  }

  isAtWordEnd(): boolean {
    const next = this.#text[this.#at]
    return next === undefined || isBlank(next) || isNewline(next)
  }

  /** A word that stands before the value. */
  argument(pattern: RegExp): string {
    this.#skipBlanks()
    const word = this.word(pattern)
    // The value is still to come, behind a blank.
    if (!isBlank(this.#text[this.#at])) throw this.error(word === '' ? CUT_SHORT : `${CUT_SHORT}: ${word}`)
    return word
  }

  value(): string {
    if (!isBlank(this.#text[this.#at])) throw this.error(CUT_SHORT)
    this.#skipBlanks()
    if (this.#text.startsWith('"""', this.#at)) return this.#quoted('"""')
    if (this.#text[this.#at] === '"') return this.#quoted('"')
    const from = this.#at
    this.#at = this.#lineEnd(from)
    return this.#text.slice(from, this.#at).trim()
  }

  /** The quote that opens here ends with the first line whose last visible characters are the same quote. */
  #quoted(quote: string): string {
    const from = this.#at + quote.length
    let lineStart = this.#at
    for (;;) {
      const lineEnd = this.#lineEnd(lineStart)
      const close = lineStart + this.#text.slice(lineStart, lineEnd).trimEnd().length - quote.length
      if (close >= from && this.#text.startsWith(quote, close)) {
        this.#at = lineEnd
        return this.#text.slice(from, close)
      }
      if (lineEnd === this.#text.length) throw this.error(CUT_SHORT)
      lineStart = lineEnd + 1
    }
  }

  error(message: string): ModelfileError {
    const line = this.#text.slice(0, this.#start).split(/\r\n|\r|\n/).length
    return new ModelfileError(`(line ${line}): ${message}`)
  }

  #skipBlanks(): void {
    while (isBlank(this.#text[this.#at])) this.#at += 1
  }

  #lineEnd(from: number): number {
    NEWLINE.lastIndex = from
    return NEWLINE.exec(this.#text)?.index ?? this.#text.length
  }
}

const NEWLINE = /[\r\n]/g
