import { wantsThought } from '../check.ts'
import { EngineError } from '../errors.ts'
import type { ChatJob, GenerateJob, Job, Message } from '../types.ts'
import { templatePath } from './capabilities.ts'
import { withoutOldThoughts } from './old-thoughts.ts'
import { compileTemplate, type TemplateInput } from './template.ts'
import { endsInThought, leavesThoughtOpen, type ThinkingTags, thinkingTags } from './thinking.ts'
import { toolCallFormat } from './tool-call-format.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/** A job's prompt as text, and how to read what the model answers. */
export interface JobPrompt {
  text: string
  imageCount: number
  /** Texts such as `<|im_end|>` in it are control tokens. */
  hasSpecialTokens: boolean
  /** Where the answer begins with a thought. `isOpen`: the prompt itself has opened it. */
  thinking: { tags: ThinkingTags; isOpen: boolean } | undefined
  /** How the model writes the calls it may make. */
  toolCalls: ToolCallFormat | undefined
}

/** Used for chats with a model that brings no template, as llama.cpp does. */
const CHATML = `{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content -}}
{%- if not (loop.last and continue_final_message) -%}{{- '<|im_end|>\\n' -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}`

/**
 * Writes the prompt of a chat: the model's own system text and messages, then `messages` of the job (or the
 * given ones, when some were dropped). Throws EngineError `bad_request` when the template refuses them.
 */
export function chatPrompt(
  job: ChatJob,
  now: Date,
  messages: readonly Message[] = allMessages(job),
): JobPrompt {
  const tools = job.toolChoice === 'none' ? [] : job.tools
  const template = templateOf(job, tools.length > 0) ?? CHATML
  const isPrefill = messages.at(-1)?.role === 'assistant' && (messages.at(-1)?.toolCalls?.length ?? 0) === 0
  const input = { messages, tools, addGenerationPrompt: !isPrefill, continueFinalMessage: isPrefill }
  return {
    ...templated(job, template, { ...input, now }),
    toolCalls: tools.length > 0 ? toolCallFormat(template) : undefined,
  }
}

/** Writes the prompt of a completion: as it is, around a gap, or as one turn of a chat. */
export function generatePrompt(job: GenerateJob, now: Date): JobPrompt {
  const prompt = typeof job.prompt === 'string' ? job.prompt : ''
  const plain = {
    imageCount: job.images?.length ?? 0,
    hasSpecialTokens: true,
    thinking: undefined,
    toolCalls: undefined,
  }
  if (job.raw) return { ...plain, text: prompt }
  if (job.suffix !== undefined) return { ...plain, text: aroundGap(job, prompt, job.suffix) }
  const template = templateOf(job, false)
  if (template === undefined) return { ...plain, text: prompt }
  const system = job.system ?? job.model.system
  const messages: Message[] = [
    ...(system === undefined || system === '' ? [] : [{ role: 'system', content: system }]),
    // An earlier exchange has them in its tokens already.
    ...(job.context === undefined ? job.model.messages : []),
    { role: 'user', content: prompt, ...(job.images === undefined ? {} : { images: job.images }) },
  ]
  return { ...templated(job, template, { messages, addGenerationPrompt: true, now }), toolCalls: undefined }
}

/** The conversation as the model is to read it, before anything is dropped. */
export function allMessages({ model, messages }: ChatJob): Message[] {
  const isSystemGiven = messages[0]?.role === 'system' || model.system === undefined || model.system === ''
  const system = isSystemGiven ? [] : [{ role: 'system', content: model.system ?? '' }]
  return [...system, ...model.messages, ...withoutOldThoughts(model, messages)]
}

function templated(
  job: Job,
  template: string,
  input: Omit<TemplateInput, 'bosToken' | 'eosToken'>,
): Omit<JobPrompt, 'toolCalls'> {
  const { facts, capabilities } = job.model
  const thinks = wantsThought(job)
  const rendered = compileTemplate(template).render({
    ...input,
    enableThinking: capabilities.includes('thinking') ? thinks : undefined,
    reasoningEffort: effortOf(job),
    bosToken: facts?.bosToken,
    eosToken: facts?.eosToken,
  })
  const tags = thinkingTags(template)
  const begun = input.continueFinalMessage ? (input.messages.at(-1)?.content ?? '') : ''
  const isOpen = tags !== undefined && (endsInThought(rendered, tags) || leavesThoughtOpen(begun, tags))
  // Some templates open a thought whatever they are told.
  const isUnwanted = isOpen && job.think === false
  const text = isUnwanted ? `${rendered.trimEnd()}\n\n${tags.close}\n\n` : rendered
  return {
    text,
    imageCount: input.messages.reduce((count, message) => count + (message.images?.length ?? 0), 0),
    hasSpecialTokens: true,
    thinking: tags && thinks ? { tags, isOpen } : undefined,
  }
}

/** `max` is a word of Ollama's; gpt-oss knows three levels. */
function effortOf({ model, think }: Job): string | undefined {
  if (typeof think !== 'string') return undefined
  return think === 'max' && model.facts?.architecture === 'gpt-oss' ? 'high' : think
}

/**
 * The model's Jinja template, its own one for tools when there are some. Throws EngineError `unsupported` when it
 * only has one in Go's syntax.
 */
function templateOf({ model, rawName }: Job, hasTools: boolean): string | undefined {
  const jinja = model.facts?.chatTemplate
  if (templatePath(model) === 'go' && jinja === undefined) {
    throw new EngineError(
      'unsupported',
      `"${rawName}" has a template in Go syntax only, which this server cannot use yet`,
    )
  }
  return (hasTools ? model.facts?.namedTemplates.tool_use : undefined) ?? jinja
}

function aroundGap({ model, rawName }: GenerateJob, prompt: string, suffix: string): string {
  const marks = model.facts?.fillInMiddle
  if (marks === undefined) throw new EngineError('unsupported', `"${rawName}" does not support insert`)
  return marks.prefix + prompt + marks.suffix + suffix + marks.middle
}
