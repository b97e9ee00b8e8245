import { GoTemplateError } from '../../formats/go-template/error.ts'
import type { GoTemplate, Node } from '../../formats/go-template/nodes.ts'
import { parseGoTemplate } from '../../formats/go-template/parse.ts'
import { EngineError } from '../errors.ts'
import { fieldNames } from './go-fields.ts'
import { lately } from './lately.ts'

export interface CompiledGoTemplate {
  /** With a place for the answer, added at its end when it has none. */
  template: GoTemplate
  /** In lower case. */
  fields: ReadonlySet<string>
}

const CACHE_SIZE = 32

/**
 * Parses a chat template in Go's syntax; the last 32 are remembered. Throws EngineError `bad_template` in the words
 * of Go.
 */
export const compileGoTemplate = lately(CACHE_SIZE, (text) => worded(() => compile(text)))

function compile(text: string): CompiledGoTemplate {
  const template = parseGoTemplate(text)
  const fields = fieldNames(template)
  if (fields.has('messages') || fields.has('response')) return { template, fields }
  const { root } = template
  return { template: { ...template, root: { ...root, nodes: [...root.nodes, RESPONSE] } }, fields }
}

/** `{{ .Response }}`: a template without messages that does not say where the answer goes has it at its end. */
const RESPONSE: Node = {
  type: 'action',
  at: 0,
  pipe: {
    type: 'pipe',
    at: 0,
    isAssign: false,
    declared: [],
    commands: [{ type: 'command', at: 0, args: [{ type: 'field', at: 0, names: ['Response'] }] }],
  },
}

/** What is wrong with a template, as an error of the engine. */
export function worded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error
    throw new EngineError('bad_template', error.message, { cause: error })
  }
}
