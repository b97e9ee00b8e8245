import { shortFloat32 } from '../../formats/float32.ts'
import { ModelfileError } from '../../formats/modelfile/types.ts'
import { type OptionKind, optionKind } from '../options.ts'

/** Names that were options once and do nothing now; Modelfiles still have them (ollama parser/parser.go). */
const DEPRECATED: ReadonlySet<string> = new Set([
  'penalize_newline',
  'low_vram',
  'f16_kv',
  'logits_all',
  'vocab_only',
  'use_mlock',
])

/** An option that is stored for other servers; this one does not guess ahead. */
const ONLY_STORED: Readonly<Record<string, OptionKind>> = { draft_num_predict: 'integer' }

export const isDeprecatedParameter = (name: string): boolean => DEPRECATED.has(name)

/**
 * The value of a PARAMETER line as JSON stores it; lines of a list are gathered by whoever reads several. Throws
 * ModelfileError in Ollama's words (api/types.go, FormatParams).
 */
export function parameterValue(name: string, text: string): number | boolean | string[] {
  const kind = optionKind(name) ?? (Object.hasOwn(ONLY_STORED, name) ? ONLY_STORED[name] : undefined)
  switch (kind) {
    case undefined:
      throw new ModelfileError(`unknown parameter '${name}'`)
    case 'integer':
      if (/^[+-]?\d{1,15}$/.test(text)) return Number(text) + 0
      throw new ModelfileError(`invalid int value [${text}]`)
    case 'float32': {
      const value = Math.fround(Number(text))
      if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(value))
        return shortFloat32(value)
      throw new ModelfileError(`invalid float value [${text}]`)
    }
    case 'boolean': {
      const value = BOOLEANS[text]
      if (value === undefined) throw new ModelfileError(`invalid bool value [${text}]`)
      return value
    }
    case 'strings':
    case 'breakers':
      return [text]
    default:
      return kind satisfies never
  }
}

/** Go's strconv.ParseBool. */
const BOOLEANS: Readonly<Record<string, boolean | undefined>> = Object.fromEntries([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true]),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false]),
])
