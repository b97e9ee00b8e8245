import { type Instruction, ModelfileError } from '../../formats/modelfile/types.ts'
import type { Message } from '../types.ts'
import { isDeprecatedParameter, parameterValue } from './parameter.ts'
import { type CreateRequest, EMPTY_REQUEST } from './types.ts'

/** What a Modelfile asks for, before anybody has looked for the files it names. */
export interface ModelfilePlan {
  /** Models, files or folders: what is which, the file system knows. */
  from: string[]
  adapters: string[]
  drafts: string[]
  /** Everything else. */
  request: CreateRequest
  /** Sentences for whoever wrote the file. */
  warnings: string[]
}

/** golang.org/x/mod/semver with the `v` left out: missing minor and patch numbers are allowed. */
const VERSION =
  /^(0|[1-9]\d*)(\.(0|[1-9]\d*)(\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)?)?$/

/** Puts the instructions of a Modelfile together. Throws ModelfileError in Ollama's words. */
export function planOf(instructions: readonly Instruction[]): ModelfilePlan {
  const plan: ModelfilePlan = { from: [], adapters: [], drafts: [], request: EMPTY_REQUEST, warnings: [] }
  const licenses: string[] = []
  const messages: Message[] = []
  const parameters: Record<string, unknown> = {}
  for (const instruction of instructions) {
    const { name, value } = instruction
    switch (name) {
      case 'from':
        plan.from.push(value)
        break
      case 'adapter':
        plan.adapters = [value]
        break
      case 'draft':
        plan.drafts.push(value)
        break
      case 'license':
        licenses.push(value)
        break
      case 'message':
        messages.push({ role: instruction.role, content: value })
        break
      case 'parameter':
        addParameter(parameters, instruction, plan.warnings)
        break
      default:
        plan.request = { ...plan.request, [name]: name === 'requires' ? version(value) : value }
    }
  }
  plan.request = { ...plan.request, licenses, messages, parameters }
  return plan
}

function addParameter(
  parameters: Record<string, unknown>,
  { key, value }: { key: string; value: string },
  warnings: string[],
): void {
  if (isDeprecatedParameter(key)) {
    warnings.push(`parameter ${key} is deprecated and left out`)
    return
  }
  const read = parameterValue(key, value)
  const known = parameters[key]
  parameters[key] = Array.isArray(read) && Array.isArray(known) ? [...known, ...read] : read
}

function version(text: string): string {
  const bare = text.replace(/^v/, '')
  if (VERSION.test(bare)) return bare
  throw new ModelfileError('requires must be a valid semver (e.g. 0.14.0)')
}
