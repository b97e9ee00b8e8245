import { EngineError } from '../errors.ts'
import type { Pointer } from './layout.ts'
import { inBackground, type Library } from './library.ts'

/** Texts longer than this are tokenized on another thread, so that running streams do not wait. */
const LONG_TEXT_BYTES = 16 * 1024

/** Text to tokens and back, for one model. */
export interface Vocabulary {
  readonly vocabulary: Pointer
  readonly vocabularySize: number
  /** The tokenizer puts a begin-of-text token in front by itself. */
  readonly addsBos: boolean
  /** `special`: texts such as `<|im_end|>` become their control token. Throws EngineError `bad_request`. */
  tokenize(text: string, special: boolean, bos: boolean): Promise<number[]>
  detokenize(tokens: readonly number[]): string
  /** The exact bytes of a token; control tokens have none. */
  tokenBytes(token: number): Uint8Array
  /** The same, but a control token has the bytes of its name, such as `<|im_end|>`. */
  namedBytes(token: number): Uint8Array
  /** The names of all control tokens that have two characters or more. */
  controlTokens(): string[]
  /** The control token a text stands for; undefined when it is none or takes several tokens. */
  controlToken(text: string): number | undefined
}

export function openVocabulary(library: Library, model: Pointer): Vocabulary {
  const vocabulary = library.vocabulary(model)
  const tokenizeElsewhere = inBackground(library.tokenize)
  const pieceBuffer = Buffer.alloc(1024)
  // Bounded by the vocabulary.
  const pieces: Uint8Array[] = []
  const bytesOf = (token: number, showControl: boolean) => {
    const size = pieceBuffer.length
    const length = library.tokenToPiece(vocabulary, token, pieceBuffer, size, 0, showControl)
    return Uint8Array.from(pieceBuffer.subarray(0, Math.max(0, length)))
  }
  const tokenBytes = (token: number) => {
    const known = pieces[token]
    if (known !== undefined) return known
    const bytes = bytesOf(token, false)
    pieces[token] = bytes
    return bytes
  }
  return {
    vocabulary,
    vocabularySize: library.tokenCount(vocabulary),
    addsBos: library.addsBos(vocabulary),
    async tokenize(text, special, bos) {
      const bytes = Buffer.from(text)
      const fill = (tokens: Int32Array) => {
        const args = [vocabulary, bytes, bytes.length, tokens, tokens.length, bos, special] as const
        return bytes.length > LONG_TEXT_BYTES ? tokenizeElsewhere(...args) : library.tokenize(...args)
      }
      let tokens = new Int32Array(bytes.length + 8)
      let count = await fill(tokens)
      if (count < 0) {
        // Too small by a little: the library says how many it needs.
        tokens = new Int32Array(-count)
        count = await fill(tokens)
      }
      if (count < 0) throw new EngineError('bad_request', 'the text could not be tokenized')
      return Array.from(tokens.subarray(0, count))
    },
    detokenize(tokens) {
      const ids = Int32Array.from(tokens)
      let buffer = Buffer.alloc(Math.max(64, ids.length * 8))
      let length = library.detokenize(vocabulary, ids, ids.length, buffer, buffer.length, false, true)
      if (length < 0) {
        buffer = Buffer.alloc(-length)
        length = library.detokenize(vocabulary, ids, ids.length, buffer, buffer.length, false, true)
      }
      return buffer.toString('utf8', 0, Math.max(0, length))
    },
    tokenBytes,
    namedBytes(token) {
      const bytes = tokenBytes(token)
      return bytes.length > 0 ? bytes : bytesOf(token, true)
    },
    controlTokens() {
      const names: string[] = []
      for (let token = 0; token < library.tokenCount(vocabulary); token++) {
        if (!library.isControl(vocabulary, token)) continue
        const name = Buffer.from(bytesOf(token, true)).toString()
        if (name.length > 1) names.push(name)
      }
      return names
    },
    controlToken(text) {
      const bytes = Buffer.from(text)
      const tokens = new Int32Array(2)
      const count = library.tokenize(vocabulary, bytes, bytes.length, tokens, tokens.length, false, true)
      const token = tokens[0] ?? -1
      const isControl = count === 1 && bytesOf(token, false).length === 0
      return isControl && bytesOf(token, true).length > 0 ? token : undefined
    },
  }
}
