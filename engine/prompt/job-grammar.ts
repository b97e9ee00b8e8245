import { EngineError } from '../errors.ts'
import type { AnswerFormat, ChatJob, Job } from '../types.ts'
import type { CallRules } from './call-grammar.ts'
import { checked, formatGrammar } from './format.ts'
import { lateCallGrammar, schemaOrCallsGrammar, toolCallGrammar, withThinking } from './grammar.ts'
import type { JobPrompt } from './job-prompt.ts'
import type { ThoughtTags } from './thought-watch.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/** A grammar that holds from where the answer first has a tag, that tag not included. */
export interface LateGrammar {
  /** GBNF with a `root` rule for what stands behind the tag. */
  grammar: string
  tag: string
  /** In a thought the tag means nothing. `isOpen`: the answer begins inside one. */
  thought?: ThoughtTags
}

/** The grammars of an answer, as a runner takes them. Throws like `grammarFor`. */
export function grammarsFor(job: Job, prompt: JobPrompt): { grammar?: string; lateGrammar?: LateGrammar } {
  const grammar = grammarFor(job, prompt)
  const lateGrammar = grammar === undefined ? lateGrammarFor(job, prompt) : undefined
  return {
    ...(grammar === undefined ? {} : { grammar }),
    ...(lateGrammar === undefined ? {} : { lateGrammar }),
  }
}

/**
 * The grammar an answer must follow from its start, or undefined: that of a call when the job forces one, else that of
 * its format, either behind the thought the model may have. With a format and tools to choose from, the answer is
 * either in the format or calls, where the two cannot be confused; else it is in the format. Throws EngineError
 * `bad_format` or `bad_request` for what cannot be kept to.
 */
export function grammarFor(job: Job, prompt: JobPrompt): string | undefined {
  const grammar = forcedCall(job, prompt) ?? (job.format && answerGrammar(job, job.format, prompt))
  const { thinking } = prompt
  if (grammar === undefined || thinking === undefined) return grammar
  const text = withThinking(grammar, thinking.tags, thinking.isOpen)
  return checked(text, 'the grammar of thought and answer')
}

/**
 * What calls must look like in an answer that is free otherwise, or undefined: the model may call tools and marks
 * calls with a tag that begins nothing else. Calls are left as they are when some tool has a schema no grammar can
 * follow fast enough.
 */
export function lateGrammarFor(job: Job, { toolCalls, thinking }: JobPrompt): LateGrammar | undefined {
  if (job.kind !== 'chat' || job.format !== undefined || job.toolChoice !== 'auto') return undefined
  if (toolCalls === undefined || job.tools.length === 0 || !isTagged(toolCalls)) return undefined
  const tag = toolCalls.triggers.at(-1)
  const grammar = calls(job, () => lateCallGrammar(rulesOf(job), toolCalls))
  if (grammar === undefined || tag === undefined) return undefined
  const thought = thinking && { ...thinking.tags, isOpen: thinking.isOpen }
  return { grammar, tag, ...(thought === undefined ? {} : { thought }) }
}

/** A tool that is not strict and whose grammar is too large leaves calls unconstrained, as they are elsewhere. */
function calls(job: ChatJob, write: () => string): string | undefined {
  try {
    return checked(write(), 'the grammar of the tools')
  } catch (error) {
    const isStrict = job.tools.some((tool) => Reflect.get(tool.function, 'strict') === true)
    if (isStrict || !(error instanceof EngineError)) throw error
    return undefined
  }
}

/** What calls are known by begins nothing else. */
const isTagged = ({ triggers }: ToolCallFormat): boolean => triggers.length > 0

const rulesOf = ({ tools, toolChoice, parallelToolCalls }: ChatJob): CallRules => ({
  tools,
  choice: toolChoice === 'none' ? 'auto' : toolChoice,
  isParallel: parallelToolCalls,
})

function answerGrammar(job: Job, format: AnswerFormat, { toolCalls }: JobPrompt): string {
  const hasTools = job.kind === 'chat' && job.toolChoice === 'auto' && job.tools.length > 0
  const isGiven = typeof format === 'object' && 'grammar' in format
  if (!hasTools || isGiven || toolCalls === undefined || !isTagged(toolCalls)) return formatGrammar(format)
  // On its own first: what is wrong with the format is not the tools' fault.
  const alone = formatGrammar(format)
  const schema = format === 'json' ? undefined : format.schema
  return calls(job, () => schemaOrCallsGrammar(schema, rulesOf(job), toolCalls)) ?? alone
}

function forcedCall(job: Job, { toolCalls }: JobPrompt): string | undefined {
  if (job.kind !== 'chat' || toolCalls === undefined) return undefined
  if (job.toolChoice === 'auto' || job.toolChoice === 'none') return undefined
  // A forced call is one call.
  const rules = { ...rulesOf(job), isParallel: false }
  return checked(toolCallGrammar(rules, toolCalls), 'the grammar of the tools')
}
