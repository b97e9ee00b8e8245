import { goQuote } from '../../formats/go-quote.ts'
import { EngineError } from '../errors.ts'
import { hasTag } from './name.ts'

/** A model as a client refers to it: a name, and possibly where it must run. */
export interface ModelRef {
  /** The name without its suffix, still to be parsed. */
  name: string
  /** `cloud` and `local` only when the client said so. */
  source: 'local' | 'cloud' | undefined
}

/**
 * Takes a `:cloud`, `-cloud` or `:local` suffix off, whatever its case (ollama internal/modelref).
 * Throws EngineError `bad_request` when there are two.
 */
export function parseModelRef(text: string): ModelRef {
  const trimmed = text.trim()
  const ref = takeSuffix(trimmed)
  if (ref.source !== undefined && takeSuffix(ref.name).source !== undefined) {
    throw new EngineError('bad_request', `use either :local or :cloud, not both: ${goQuote(trimmed)}`)
  }
  return ref
}

/** Under which name a stub of a remote model is stored: `x:20b:cloud` as `x:20b-cloud`, `x:cloud` as `x:cloud`. */
export function storedName(ref: ModelRef): string {
  if (ref.source !== 'cloud') return ref.name
  return hasTag(ref.name) ? `${ref.name}-cloud` : `${ref.name}:cloud`
}

function takeSuffix(text: string): ModelRef {
  const colon = text.lastIndexOf(':')
  const suffix = text.slice(colon + 1).trim()
  const word = suffix.toLowerCase()
  if (colon < 0) return { name: text, source: undefined }
  if (word === 'cloud' || word === 'local') return { name: text.slice(0, colon), source: word }
  // A slash means that the colon belongs to a host's port: no tag, so no suffix.
  if (word.endsWith('-cloud') && !word.includes('/')) {
    return { name: text.slice(0, colon + 1) + suffix.slice(0, -'-cloud'.length), source: 'cloud' }
  }
  return { name: text, source: undefined }
}
