import { EngineError } from '../errors.ts'
import type { AnswerFormat } from '../types.ts'
import { grammarBuilder } from './grammar/gbnf.ts'
import { checkGbnf, MAX_GRAMMAR_BYTES } from './grammar/gbnf-check.ts'
import { GbnfError } from './grammar/gbnf-program.ts'
import { JSON_RULE_NAMES, jsonRules } from './grammar/json-rules.ts'
import { schemaRule } from './grammar/schema.ts'

/**
 * The grammar (GBNF) an answer in this format follows: for `json` any JSON object, for a schema JSON that is valid
 * under it, else the grammar that is given. Throws EngineError `bad_format` when the schema asks for what a grammar
 * cannot say, and for a given grammar that is malformed or too large.
 */
export function formatGrammar(format: AnswerFormat): string {
  if (format === 'json') {
    const grammar = grammarBuilder(JSON_RULE_NAMES)
    return grammar.text(jsonRules(grammar)('object'))
  }
  if ('schema' in format) return schemaGrammar(format.schema)
  if (Buffer.byteLength(format.grammar) > MAX_GRAMMAR_BYTES) {
    throw new EngineError('bad_format', `the grammar is larger than ${MAX_GRAMMAR_BYTES} bytes`)
  }
  checked(format.grammar, 'the grammar')
  return format.grammar
}

/** Gives the grammar back when llama.cpp can be asked to follow it. Throws EngineError `bad_format`. */
export function checked(grammar: string, what: string): string {
  try {
    checkGbnf(grammar)
    return grammar
  } catch (error) {
    if (!(error instanceof GbnfError)) throw error
    throw new EngineError('bad_format', `${what} ${error.message}`, { cause: error })
  }
}

/** Grammars written lately, by their schema: agents send the same one with every request. */
const MAX_REMEMBERED = 100
const written = new Map<string, string>()

function schemaGrammar(schema: Record<string, unknown>): string {
  const key = jsonOf(schema)
  const known = written.get(key)
  if (known !== undefined) return known
  const grammar = grammarBuilder(JSON_RULE_NAMES)
  const text = checked(grammar.text(schemaRule(grammar, schema)), "the grammar of the format's schema")
  const [oldest] = written.keys()
  if (written.size >= MAX_REMEMBERED && oldest !== undefined) written.delete(oldest)
  written.set(key, text)
  return text
}

function jsonOf(schema: Record<string, unknown>): string {
  try {
    return JSON.stringify(schema)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new EngineError('bad_format', "the format's schema is nested too deeply", { cause: error })
  }
}
