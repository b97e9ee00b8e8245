import type { AnswerFormat } from '../types.ts'
import { grammarBuilder } from './grammar/gbnf.ts'
import { JSON_RULE_NAMES, jsonRules } from './grammar/json-rules.ts'
import { schemaRule } from './grammar/schema.ts'

/**
 * The grammar (GBNF) an answer in this format follows: for `json` any JSON object, else JSON that is valid under the
 * schema. Throws EngineError `bad_format` when the schema asks for what a grammar cannot say.
 */
export function formatGrammar(format: AnswerFormat): string {
  const grammar = grammarBuilder(JSON_RULE_NAMES)
  const start = format === 'json' ? jsonRules(grammar)('object') : schemaRule(grammar, format.schema)
  return grammar.text(start)
}
