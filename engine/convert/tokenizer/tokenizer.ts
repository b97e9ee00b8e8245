import { type ModelConfig, TokenIds } from '../config.ts'
import { readBytes, readJson, type SourceFiles } from '../json-file.ts'
import { type Metadata, text } from '../metadata.ts'
import { refused } from '../refuse.ts'
import { byteLevelVocabulary } from './byte-level.ts'
import { byteFallbackVocabulary, sentencePieceVocabulary } from './scored.ts'
import { parseSentencePiece, type SentencePieceModel } from './sentencepiece.ts'
import { specialTokens } from './special-tokens.ts'
import type { AddedToken, Token } from './token-list.ts'
import { readTokenizerConfig, type TokenizerConfig } from './tokenizer-config.ts'
import { readTokenizerJson, type TokenizerJson } from './tokenizer-json.ts'

/** The first byte of a SentencePiece model: its first field is a piece. Llama 3 has another format by that name. */
const PIECE_FIELD = 0x0a

/**
 * What GGUF says of the tokenizer: tokenizer.model where there is one, as its maker made it, and else tokenizer.json.
 * Throws EngineError `convert_failed` that names what is missing or cannot be converted.
 */
export async function tokenizerMetadata(files: SourceFiles, model: ModelConfig): Promise<Metadata> {
  const config = await readTokenizerConfig(files)
  const bytes = await readBytes(files, 'tokenizer.model')
  const pieces = bytes?.[0] === PIECE_FIELD ? parseSentencePiece(bytes) : undefined
  const json = await readTokenizerJson(files)
  const { tokens, metadata } = vocabularyOf(pieces, json, config, model.vocabulary)
  const generation = await readJson(files, 'generation_config.json', TokenIds)
  return [
    ...metadata,
    [
      'tokenizer.ggml.tokens',
      { type: 'array', value: { of: 'string', items: tokens.map((token) => token.text) } },
    ],
    [
      'tokenizer.ggml.token_type',
      { type: 'array', value: { of: 'int32', items: tokens.map(({ type }) => type) } },
    ],
    ...specialTokens(tokens, {
      config,
      ids: [...(generation === undefined ? [] : [generation]), model.tokenIds],
      ...(pieces === undefined ? {} : { model: pieces.ids }),
      postProcessor: json?.postProcessor,
    }),
    ...templateMetadata(config.templates),
  ]
}

function vocabularyOf(
  pieces: SentencePieceModel | undefined,
  json: TokenizerJson | undefined,
  config: TokenizerConfig,
  rows: number,
): { tokens: Token[]; metadata: Metadata } {
  if (pieces !== undefined) {
    const addsPrefix = config.addPrefixSpace ?? pieces.addsPrefix
    return sentencePieceVocabulary({ ...pieces, addsPrefix }, config.added, rows)
  }
  if (json === undefined) throw refused('tokenizer.json and tokenizer.model are missing')
  const added: AddedToken[] = [...config.added, ...json.added]
  return json.byteFallback
    ? byteFallbackVocabulary(json, added, rows)
    : byteLevelVocabulary(json, added, rows)
}

/** Names other than `default` have keys of their own (gguf-py/gguf/gguf_writer.py, `add_chat_template`). */
function templateMetadata(templates: ReadonlyMap<string, string>): Metadata {
  const metadata: [string, Metadata[number][1]][] = []
  const names: string[] = []
  for (const [name, template] of templates) {
    if (name === 'default') {
      metadata.push(['tokenizer.chat_template', text(template)])
      continue
    }
    const key = name.toLowerCase().replace(/[^a-z0-9]/g, '_')
    if (names.includes(key)) throw refused(`tokenizer_config.json has two templates called ${key}`)
    names.push(key)
    metadata.push([`tokenizer.chat_template.${key}`, text(template)])
  }
  if (names.length > 0) {
    metadata.push(['tokenizer.chat_templates', { type: 'array', value: { of: 'string', items: names } }])
  }
  return metadata
}
