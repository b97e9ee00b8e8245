/** Converted tokenizers cut texts into the tokens their makers' code cuts them into. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { convertFiles } from '../../../engine/convert/convert-files.ts'
import { preTokenizerName } from '../../../engine/convert/tokenizer/pre-tokenizer.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import {
  byteCharacters,
  byteLevelTokenizer,
  modelContents,
  randomWeights,
  sourceFiles,
  TINY,
  TOKENIZER_CONFIG,
} from '../../helpers/hf-model.ts'
import { planFor, runnerFor } from '../../helpers/runner.ts'
import {
  byteFallbackTokenizer,
  type Piece,
  piecesFor,
  sentencePieceModel,
  sentencePieceTokens,
} from '../../helpers/sentencepiece.ts'

const PLAIN = { special: false, bos: false }

/** A runner for a model with this tokenizer and as many rows. */
async function runnerWith(tokenizer: Record<string, string | Uint8Array | object>, rows: number) {
  const folder = await tempFolder()
  const config = { ...TINY, vocab_size: rows, num_hidden_layers: 1 }
  const {
    'tokenizer.json': _,
    'tokenizer_config.json': __,
    ...model
  } = modelContents(config, randomWeights(config))
  const files = await sourceFiles(folder, { ...model, ...tokenizer })
  const to = join(folder, 'model.gguf')
  await convertFiles(files, to, () => {})
  return runnerFor(planFor(to, { contextLength: 64 }))
}

const MERGES: [string, string][] = [
  ['h', 'e'],
  ['l', 'l'],
  ['he', 'll'],
  ['hell', 'o'],
  ['Ġ', 'w'],
  ['o', 'r'],
  ['Ġw', 'or'],
  ['1', '2'],
]
const MERGED = ['he', 'll', 'hell', 'hello', 'Ġw', 'or', 'Ġwor', '12']
const bytes = (text: string) => [...Buffer.from(text)]
const merged = (text: string) => 256 + MERGED.indexOf(text)

test.each([
  ['texts with a space', MERGES.map((pair) => pair.join(' '))],
  ['pairs', MERGES],
])('a byte-level tokenizer with merges as %s cuts words and merges by rank', async (_, merges) => {
  const json = byteLevelTokenizer(MERGES)
  const model = { ...(json.model as object), merges }
  const runner = await runnerWith(
    { 'tokenizer.json': { ...json, model }, 'tokenizer_config.json': TOKENIZER_CONFIG },
    272,
  )
  expect(await runner.tokenize('hello world', PLAIN)).toEqual([
    merged('hello'),
    merged('Ġwor'),
    ...bytes('ld'),
  ])
  // Digits stay alone, though there is a merge of two.
  expect(await runner.tokenize('12', PLAIN)).toEqual(bytes('12'))
  expect(await runner.tokenize('é\n', PLAIN)).toEqual(bytes('é\n'))
  expect(await runner.detokenize([merged('hello'), merged('Ġwor'), ...bytes('ld é')])).toBe('hello world é')
})

test('a byte-level tokenizer knows its special tokens, those added to it, and rows without a token', async () => {
  const json = byteLevelTokenizer(MERGES)
  const added = [...(json.added_tokens as object[]), { id: 266, content: 'snug word', special: false }]
  const runner = await runnerWith(
    {
      'tokenizer.json': { ...json, added_tokens: added },
      'tokenizer_config.json': { ...TOKENIZER_CONFIG, add_bos_token: true },
    },
    272,
  )
  expect(runner.info.vocabularySize).toBe(272)
  expect(runner.info.addsBos).toBe(true)
  expect(await runner.tokenize('<|end|>', { special: true, bos: true })).toEqual([264, 265])
  expect(await runner.tokenize('<|end|>', PLAIN)).toEqual(bytes('<|end|>'))
  expect(await runner.tokenize('a snug word', PLAIN)).toEqual([...bytes('a '), 266])
})

const WORDS = ['▁the', 'ing', '▁th', 'in', '▁sn', 'ug', '▁snug', 'th', '▁t', '▁s', 'he', 'aa', 'aaa']
const LETTERS = [...'▁abcdefghijklmnopqrstuvwxyz']
const PIECES = piecesFor([...WORDS, ...LETTERS])
const TEXTS = ['the snug thing', 'singing aaaaa he', 'Zürich 3', 'a  b\nthe', 'xaaay']

test.each<[string, Record<string, string | Uint8Array | object>]>([
  ['tokenizer.model', { 'tokenizer.model': sentencePieceModel(PIECES) }],
  ['tokenizer.json alone', { 'tokenizer.json': byteFallbackTokenizer(PIECES) }],
])('a SentencePiece tokenizer from %s merges by score', async (_, files) => {
  const names = { bos_token: '<s>', eos_token: { content: '</s>' } }
  const runner = await runnerWith({ ...files, 'special_tokens_map.json': names }, PIECES.length + 3)
  expect(runner.info.addsBos).toBe(true)
  for (const text of TEXTS) {
    expect(await runner.tokenize(text, PLAIN), text).toEqual(sentencePieceTokens(PIECES, ` ${text}`))
  }
  expect(await runner.tokenize('the</s>', { special: true, bos: true })).toEqual([1, 259, 2])
})

test('a tokenizer.model without a space in front and with whole words keeps both', async () => {
  const pieces: Piece[] = [...PIECES, { text: 'snug▁snug', score: 0, type: 4 }]
  const model = sentencePieceModel(pieces, { addsPrefix: false })
  const runner = await runnerWith({ 'tokenizer.model': model }, pieces.length)
  expect(await runner.tokenize('the', PLAIN)).toEqual(sentencePieceTokens(PIECES, 'the'))
  expect(await runner.tokenize('asnug snug', PLAIN)).toEqual([
    ...sentencePieceTokens(PIECES, 'a'),
    PIECES.length,
  ])
})

const split = (regex: string, rest: object = { behavior: 'Isolated', invert: false }) => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: regex }, ...rest },
    { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
  ],
})
const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const QWEN35 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const TEKKEN =
  '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const GPT4O =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const SEED =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
const WORDS_AND_BYTES = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }

test.each<[string, object, boolean]>([
  ['llama-bpe', split(LLAMA3), true],
  ['smaug-bpe', split(LLAMA3), false],
  ['llama-bpe', split(LLAMA3, { behavior: 'Removed', invert: true }), true],
  ['qwen2', byteLevelTokenizer().pre_tokenizer as object, false],
  ['qwen35', split(QWEN35), false],
  ['tekken', split(TEKKEN), false],
  ['gpt-4o', split(GPT4O), false],
  ['seed-coder', split(SEED), false],
  ['gpt-2', WORDS_AND_BYTES, false],
  [
    'smollm',
    { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, WORDS_AND_BYTES] },
    false,
  ],
])('the pre-tokenizer %s is known by what it does', (name, steps, ignoreMerges) => {
  expect(preTokenizerName(steps, ignoreMerges)).toBe(name)
})

test.each<[string, unknown, boolean]>([
  ['another pattern', split(`${LLAMA3}|x`), true],
  ['a pattern that is removed', split(LLAMA3, { behavior: 'Removed', invert: false }), true],
  ['merges that are ignored where llama.cpp does not', split(QWEN35), true],
  ['a space in front', { ...WORDS_AND_BYTES, add_prefix_space: true }, false],
  ['words at spaces', { type: 'WhitespaceSplit' }, false],
  ['none', undefined, false],
  ['sequences without end', nested(50), false],
])('a pre-tokenizer with %s is refused by name', (_, steps, ignoreMerges) => {
  expect(() => preTokenizerName(steps, ignoreMerges)).toThrow(/the pre-tokenizer .*is not known$/s)
})

function nested(depth: number): object {
  return depth === 0 ? WORDS_AND_BYTES : { type: 'Sequence', pretokenizers: [nested(depth - 1)] }
}

test('the alphabet of bytes in these tests has a character for each', () => {
  expect(new Set(byteCharacters()).size).toBe(256)
  expect(byteCharacters()[32]).toBe('Ġ')
})
