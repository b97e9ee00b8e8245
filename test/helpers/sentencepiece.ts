/** Writes SentencePiece models without using anything of the reader under test, and cuts texts as they say. */

export interface Piece {
  text: string
  score: number
  /** SentencePiece's numbers: 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte. */
  type: number
}

/** A vocabulary that knows every byte, and these words besides, the most important first. */
export function piecesFor(words: readonly string[]): Piece[] {
  return [
    { text: '<unk>', score: 0, type: 2 },
    { text: '<s>', score: 0, type: 3 },
    { text: '</s>', score: 0, type: 3 },
    ...Array.from({ length: 256 }, (_, byte) => ({ text: byteName(byte), score: 0, type: 6 })),
    ...words.map((text, i) => ({ text, score: -i - 1, type: 1 })),
  ]
}

export const byteName = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`

/** The bytes of a tokenizer.model. */
export function sentencePieceModel(
  pieces: readonly Piece[],
  { modelType = 2, addsPrefix = true }: { modelType?: number; addsPrefix?: boolean } = {},
): Buffer {
  const encoded = pieces.map(({ text, score, type }) => {
    const value = Buffer.alloc(4)
    value.writeFloatLE(score)
    return message(
      1,
      Buffer.concat([message(1, Buffer.from(text)), Buffer.from([0x15]), value, Buffer.from([0x18, type])]),
    )
  })
  const trainer = message(2, Buffer.from([0x18, modelType]))
  const normalizer = message(3, Buffer.from([0x18, Number(addsPrefix)]))
  return Buffer.concat([...encoded, trainer, normalizer])
}

function message(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2, ...varint(bytes.length)]), bytes])
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]

/** The tokens of a text: again and again the two neighbours whose union has the best score become one. */
export function sentencePieceTokens(pieces: readonly Piece[], text: string): number[] {
  const ids = new Map(pieces.map((piece, id) => [piece.text, id]))
  const parts = [...text.replaceAll(' ', '▁')]
  for (;;) {
    let best = { at: -1, score: Number.NEGATIVE_INFINITY }
    for (let at = 0; at + 1 < parts.length; at++) {
      const piece = pieces[ids.get(`${parts[at]}${parts[at + 1]}`) ?? -1]
      if (piece !== undefined && piece.score > best.score) best = { at, score: piece.score }
    }
    if (best.at < 0) break
    parts.splice(best.at, 2, `${parts[best.at]}${parts[best.at + 1]}`)
  }
  return parts.flatMap((part) => {
    const id = ids.get(part)
    return id === undefined ? [...Buffer.from(part)].map((byte) => ids.get(byteName(byte)) ?? -1) : [id]
  })
}

/** A tokenizer.json as transformers makes it of a tokenizer.model: all ways to cut each word, by score. */
export function byteFallbackTokenizer(pieces: readonly Piece[]): Record<string, unknown> {
  const ids = new Map(pieces.map(({ text }, id) => [text, id]))
  const merges = pieces
    .flatMap(({ text, score }) =>
      Array.from({ length: text.length - 1 }, (_, i) => ({
        left: text.slice(0, i + 1),
        right: text.slice(i + 1),
        score,
      })),
    )
    .filter(({ left, right }) => ids.has(left) && ids.has(right))
    .sort((a, b) => b.score - a.score || b.left.length - a.left.length)
  return {
    added_tokens: pieces.slice(0, 3).map(({ text: content }, id) => ({ id, content, special: true })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    },
    model: {
      type: 'BPE',
      byte_fallback: true,
      vocab: Object.fromEntries(ids),
      merges: merges.map(({ left, right }) => `${left} ${right}`),
    },
  }
}
