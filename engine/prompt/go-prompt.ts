import { wantsThought } from '../check.ts'
import type { ChatJob, GenerateJob, Job, Message, Tool } from '../types.ts'
import { type CompiledGoTemplate, compileGoTemplate } from './go-compile.ts'
import { type GoThink, renderGo, renderGoInsert } from './go-render.ts'
import { goThinkingTags } from './go-thinking.ts'
import { goToolCallFormat } from './go-tool-calls.ts'
import { type ExpectedThought, withThought } from './open-thought.ts'
import { endsInThought } from './thinking.ts'
import { type ThinkingTags, thinkingTags, withWrapper } from './thinking-tags.ts'
import type { ToolCallFormat } from './tool-format/types.ts'

/** What a template in Go's syntax makes of a job. */
export interface GoPrompt {
  text: string
  thinking: ExpectedThought | undefined
  toolCalls: ToolCallFormat | undefined
}

/** The prompt of a chat by a template in Go's syntax. Throws EngineError `bad_template`. */
export function goChatPrompt(
  job: ChatJob,
  template: string,
  messages: readonly Message[],
  tools: readonly Tool[],
  now: Date,
): GoPrompt {
  const compiled = compileGoTemplate(template)
  const text = renderGo(compiled, { messages, tools, think: goThink(job), now })
  return {
    ...thoughtful(job, text, withWrapper(goThinkingTags(compiled.template), template)),
    toolCalls: tools.length > 0 ? goToolCallFormat(compiled) : undefined,
  }
}

/** The prompt of a completion: around a gap when the job has one. Throws EngineError `bad_template`. */
export function goGeneratePrompt(
  job: GenerateJob,
  template: string,
  messages: readonly Message[],
  prompt: string,
  now: Date,
): GoPrompt {
  const compiled = compileGoTemplate(template)
  const think = goThink(job)
  if (job.suffix !== undefined) {
    const text = renderGoInsert(compiled, { prompt, suffix: job.suffix }, think, now)
    return { text, thinking: undefined, toolCalls: undefined }
  }
  const text = renderGo(compiled, { messages, tools: [], think, now })
  return { ...thoughtful(job, text, withWrapper(tagsOf(job, compiled), template)), toolCalls: undefined }
}

/** A template that a request brings may not show thoughts; the model has them all the same. */
function tagsOf({ model }: Job, compiled: CompiledGoTemplate): ThinkingTags | undefined {
  const shown = goThinkingTags(compiled.template)
  if (shown !== undefined || model.templatePath !== 'jinja') return shown
  return thinkingTags(model.facts?.chatTemplate ?? '')
}

const thoughtful = (job: Job, text: string, tags: ThinkingTags | undefined) =>
  withThought(job, text, tags, tags !== undefined && endsInThought(text, tags))

function goThink(job: Job): GoThink {
  const thinks = wantsThought(job)
  const level = typeof job.think === 'string' ? levelOf(job.think, job.model.facts?.architecture) : 'medium'
  return { Think: thinks, ThinkLevel: thinks ? level : '', IsThinkSet: thinks || job.think !== undefined }
}

/** `max` is a word of Ollama's; gpt-oss knows three levels. */
export const levelOf = (level: string, architecture: string | undefined): string =>
  level === 'max' && ['gpt-oss', 'gptoss'].includes(architecture ?? '') ? 'high' : level
