import { quoted, refused } from '../refuse.ts'
import { fieldsOf } from './protobuf.ts'
import { MAX_TOKENS, TOKEN_TYPE, type Token, unescaped } from './token-list.ts'

/** Field numbers and defaults: google/sentencepiece, src/sentencepiece_model.proto. */
const MODEL = { pieces: 1, trainer: 2, normalizer: 3 }
const PIECE = { text: 1, score: 2, type: 3 }
const TRAINER = { modelType: 3, unk: 40, bos: 41, eos: 42, pad: 43 }
const NORMALIZER = { addDummyPrefix: 3 }
const UNIGRAM = 1
const BPE = 2

/** A tokenizer.model of the BPE kind. */
export interface SentencePieceModel {
  pieces: ReadonlyMap<number, Token>
  /** Puts a space in front of a text. */
  addsPrefix: boolean
  /** Negative where the model has no such token. */
  ids: { unk: number; bos: number; eos: number; pad: number }
}

/** Longer than any piece of a language. */
const MAX_PIECE_BYTES = 16 * 1024

/** Reads a tokenizer.model. Throws EngineError `convert_failed` for one that is broken, or of another kind than BPE. */
export function parseSentencePiece(bytes: Buffer): SentencePieceModel {
  const pieces = new Map<number, Token>()
  const trainer = { modelType: UNIGRAM, unk: 0, bos: 1, eos: 2, pad: -1 }
  let addsPrefix = true
  for (const { number, value } of fieldsOf(bytes)) {
    if (typeof value === 'number') continue
    if (number === MODEL.pieces) pieces.set(pieces.size, pieceOf(value))
    if (number === MODEL.trainer) readTrainer(value, trainer)
    if (number === MODEL.normalizer) addsPrefix = readAddsPrefix(value)
    if (pieces.size > MAX_TOKENS) throw refused(`tokenizer.model has more than ${MAX_TOKENS} pieces`)
  }
  if (pieces.size === 0) throw refused('tokenizer.model is not a SentencePiece model: it has no pieces')
  if (trainer.modelType !== BPE) {
    throw refused('tokenizer.model: a SentencePiece model of another type than BPE cannot be converted')
  }
  const { modelType: _, ...ids } = trainer
  return { pieces, addsPrefix, ids }
}

function readTrainer(
  bytes: Buffer,
  trainer: Record<'modelType' | 'unk' | 'bos' | 'eos' | 'pad', number>,
): void {
  for (const { number, value } of fieldsOf(bytes)) {
    if (typeof value !== 'number') continue
    if (number === TRAINER.modelType) trainer.modelType = value
    if (number === TRAINER.unk) trainer.unk = value
    if (number === TRAINER.bos) trainer.bos = value
    if (number === TRAINER.eos) trainer.eos = value
    if (number === TRAINER.pad) trainer.pad = value
  }
}

function readAddsPrefix(bytes: Buffer): boolean {
  let adds = true
  for (const { number, value } of fieldsOf(bytes))
    if (number === NORMALIZER.addDummyPrefix) adds = value !== 0
  return adds
}

function pieceOf(bytes: Buffer): Token {
  const piece = { text: '', score: 0, type: TOKEN_TYPE.normal as number }
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === PIECE.text && typeof value !== 'number') piece.text = pieceText(value)
    if (number === PIECE.score && typeof value === 'number') piece.score = value
    if (number === PIECE.type && typeof value === 'number') piece.type = value
  }
  if (piece.type < TOKEN_TYPE.normal || piece.type > TOKEN_TYPE.byte) {
    throw refused(`tokenizer.model: piece ${quoted(piece.text)} is of the unknown type ${piece.type}`)
  }
  return piece.type === TOKEN_TYPE.userDefined ? { ...piece, text: unescaped(piece.text) } : piece
}

function pieceText(bytes: Buffer): string {
  if (bytes.length > MAX_PIECE_BYTES) throw refused('tokenizer.model has a piece that is too long')
  return bytes.toString('utf8')
}
