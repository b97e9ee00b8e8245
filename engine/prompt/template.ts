import { EngineError } from '../errors.ts'
import type { Message, Tool } from '../types.ts'
import { type Conversation, conversations } from './adapt-messages.ts'
import { TemplateLimit } from './jinja/limits.ts'
import { type Program, parseProgram, renderProgram, TemplateRefusal } from './jinja/program.ts'
import { lately } from './lately.ts'
import { toTemplateMessages } from './template-messages.ts'
import { thoughtKeys } from './thought-keys.ts'

export interface TemplateInput {
  messages: readonly Message[]
  /** Offered tools; none and absent are the same. */
  tools?: readonly Tool[]
  /** End with the header of an answer. */
  addGenerationPrompt: boolean
  /** End inside the last message instead, so that the model goes on with it. */
  continueFinalMessage?: boolean
  /** Calls without text have no content rather than an empty one; see call-content.ts. */
  omitsContent?: boolean
  enableThinking?: boolean | undefined
  reasoningEffort?: string | undefined
  bosToken?: string | undefined
  eosToken?: string | undefined
  /** The clock of `strftime_now`. */
  now: Date
  /** More variables. */
  extra?: Record<string, unknown>
  /** Raise where the template does, rather than adapt the conversation. */
  asItIs?: boolean
  /** Less work than a prompt may cause, for a rendering nobody waits for. */
  maxSteps?: number
}

export interface CompiledTemplate {
  /**
   * The prompt. A template that raises is tried again with the conversation adapted to what templates commonly
   * demand (see adapt-messages.ts). Throws EngineError `bad_request` with what the template said first.
   */
  render(input: TemplateInput): string
}

const MAX_SOURCE = 1024 * 1024
const CACHE_SIZE = 32

/** Parses a Jinja chat template; the last 32 are remembered. Throws EngineError `bad_request`. */
export const compileTemplate = lately(CACHE_SIZE, compile)

/** The same for who only looks at a template: undefined when it cannot be read. Whoever renders it hears why. */
export function compiledOrNone(source: string): CompiledTemplate | undefined {
  try {
    return compileTemplate(source)
  } catch {
    return undefined
  }
}

function compile(source: string): CompiledTemplate {
  if (source.length > MAX_SOURCE) {
    throw new EngineError('bad_request', `the model's chat template is longer than ${MAX_SOURCE} characters`)
  }
  const template = { program: parse(source), thoughtKeys: thoughtKeys(source) }
  return {
    render: (input) => (input.continueFinalMessage ? prefilled(template, input) : adapted(template, input)),
  }
}

/** A template as it is rendered. */
interface Parsed {
  program: Program
  thoughtKeys: readonly string[]
}

function parse(source: string): Program {
  try {
    return parseProgram(source)
  } catch (cause) {
    throw new EngineError('bad_request', `the model's chat template cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  }
}

function adapted({ program, thoughtKeys: keys }: Parsed, input: TemplateInput): string {
  let refusal: unknown
  for (const conversation of conversations(input.messages)) {
    try {
      return renderProgram(program, variables(input, conversation, keys), input.now, input.maxSteps)
    } catch (error) {
      refusal ??= error
      // Another form of the conversation would run away just the same.
      if (input.asItIs || error instanceof TemplateLimit || error instanceof RangeError) break
    }
  }
  const said = messageOf(refusal)
  const message = refusal instanceof TemplateRefusal ? said : `the model's chat template failed: ${said}`
  throw new EngineError('bad_request', message, { cause: refusal })
}

function variables(
  input: TemplateInput,
  conversation: Conversation,
  keys: readonly string[],
): Record<string, unknown> {
  const hasTools = input.tools !== undefined && input.tools.length > 0
  return {
    ...input.extra,
    messages: toTemplateMessages(conversation.messages, {
      argumentsAs: conversation.argumentsAs,
      thoughtKeys: keys,
      omitsContent: input.omitsContent ?? false,
    }),
    tools: hasTools ? input.tools : conversation.listNoTools ? [] : null,
    add_generation_prompt: input.addGenerationPrompt && !input.continueFinalMessage,
    continue_final_message: input.continueFinalMessage,
    // The flag has two names among templates.
    enable_thinking: input.enableThinking,
    thinking: input.enableThinking,
    reasoning_effort: input.reasoningEffort,
    bos_token: input.bosToken ?? '',
    eos_token: input.eosToken ?? '',
  }
}

/** Private-use characters: in no conversation, and no template trims or changes them. */
const CUT = '\uE0C7\uE0C8\uE0C7'

/** Whatever a template puts behind the last message, the mark put at its end says where to cut. */
function prefilled(template: Parsed, input: TemplateInput): string {
  const last = input.messages.at(-1)
  if (last === undefined) return adapted(template, input)
  const marked = input.messages.with(-1, { ...last, content: last.content + CUT })
  const text = adapted(template, { ...input, messages: marked })
  const at = text.lastIndexOf(CUT)
  if (at < 0) {
    throw new EngineError('bad_request', "the model's chat template does not print the last message")
  }
  return text.slice(0, at)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
