import { wantsThought } from '../check.ts'
import { EngineError } from '../errors.ts'
import type { ChatJob, GenerateJob, Job, Message } from '../types.ts'
import { omitsCallContent } from './call-content.ts'
import { compileGoTemplate } from './go-compile.ts'
import { goChatPrompt, goGeneratePrompt, levelOf } from './go-prompt.ts'
import { withoutOldThoughts } from './old-thoughts.ts'
import { type ExpectedThought, withThought } from './open-thought.ts'
import { compileTemplate, type TemplateInput } from './template.ts'
import { endsInThought, leavesThoughtOpen } from './thinking.ts'
import { thinkingTags } from './thinking-tags.ts'
import { toolCallFormat } from './tool-call-format.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/** A job's prompt as text, and how to read what the model answers. */
export interface JobPrompt {
  text: string
  imageCount: number
  /** Texts such as `<|im_end|>` in it are control tokens. */
  hasSpecialTokens: boolean
  thinking: ExpectedThought | undefined
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
  const go = goTemplateOf(job)
  if (go !== undefined) {
    const imageCount = countImages(messages)
    return { imageCount, hasSpecialTokens: true, ...goChatPrompt(job, go, messages, tools, now) }
  }
  const template = jinjaTemplateOf(job, tools.length > 0) ?? CHATML
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
  const go = job.template ?? goTemplateOf(job)
  if (job.suffix !== undefined && !(go !== undefined && compileGoTemplate(go).fields.has('suffix'))) {
    return { ...plain, text: aroundGap(job, prompt, job.suffix) }
  }
  const template = jinjaTemplateOf(job, false)
  const messages = turnOf(job, prompt)
  if (go !== undefined) return { ...plain, ...goGeneratePrompt(job, go, messages, prompt, now) }
  if (template === undefined) return { ...plain, text: prompt }
  return { ...templated(job, template, { messages, addGenerationPrompt: true, now }), toolCalls: undefined }
}

/** A completion as one turn of a chat, behind the model's own system text and messages. */
export function turnOf(
  { model, system = model.system, context, images }: GenerateJob,
  prompt: string,
): Message[] {
  return [
    ...(system === undefined || system === '' ? [] : [{ role: 'system', content: system }]),
    // An earlier exchange has them in its tokens already.
    ...(context === undefined ? model.messages : []),
    { role: 'user', content: prompt, ...(images === undefined ? {} : { images }) },
  ]
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
  const compiled = compileTemplate(template)
  const hasCalls = input.messages.some(({ toolCalls = [] }) => toolCalls.length > 0)
  const rendered = compiled.render({
    ...input,
    omitsContent: hasCalls && omitsCallContent(compiled),
    enableThinking: capabilities.includes('thinking') ? wantsThought(job) : undefined,
    reasoningEffort: effortOf(job),
    bosToken: facts?.bosToken,
    eosToken: facts?.eosToken,
  })
  const tags = thinkingTags(template)
  const begun = input.continueFinalMessage ? (input.messages.at(-1)?.content ?? '') : ''
  const isOpen = tags !== undefined && (endsInThought(rendered, tags) || leavesThoughtOpen(begun, tags))
  return {
    ...withThought(job, rendered, tags, isOpen),
    imageCount: countImages(input.messages),
    hasSpecialTokens: true,
  }
}

const countImages = (messages: readonly Message[]): number =>
  messages.reduce((count, message) => count + (message.images?.length ?? 0), 0)

const effortOf = ({ model, think }: Job): string | undefined =>
  typeof think === 'string' ? levelOf(think, model.facts?.architecture) : undefined

/** The model's template in Go's syntax, when that is the one in use. */
const goTemplateOf = ({ model }: Job): string | undefined =>
  model.templatePath === 'go' ? model.goTemplate : undefined

/** The model's Jinja template, its own one for tools when there are some. */
const jinjaTemplateOf = ({ model }: Job, hasTools: boolean): string | undefined =>
  (hasTools ? model.facts?.namedTemplates.tool_use : undefined) ?? model.facts?.chatTemplate

function aroundGap({ model, rawName }: GenerateJob, prompt: string, suffix: string): string {
  const marks = model.facts?.fillInMiddle
  if (marks === undefined) throw new EngineError('unsupported', `"${rawName}" does not support insert`)
  return marks.prefix + prompt + marks.suffix + suffix + marks.middle
}
