import { chain, type Parser, plainText } from './answer.ts'
import type { Runner } from './backend.ts'
import { fitMessages, fitTokens } from './prompt/fit-context.ts'
import { allMessages, chatPrompt, generatePrompt, type JobPrompt } from './prompt/job-prompt.ts'
import { thinkingSplitter } from './prompt/thinking.ts'
import { newToolCallId } from './prompt/tool-call-id.ts'
import { toolCallParser } from './prompt/tool-calls.ts'
import type { ChatJob, Job, ModelOptions } from './types.ts'

/** The prompt of a job, whole. Throws EngineError when the model's template refuses it. */
export function promptFor(job: Job, now: Date): JobPrompt {
  return job.kind === 'chat' ? chatPrompt(job, now) : generatePrompt(job, now)
}

/**
 * The tokens a runner is to read: old messages dropped or the middle cut out as the job allows, so that at least
 * one token of answer fits. Throws EngineError `context_overflow`.
 */
export async function tokensFor(
  job: Job,
  prompt: JobPrompt,
  runner: Runner,
  options: ModelOptions,
): Promise<readonly number[]> {
  if (job.kind === 'generate' && typeof job.prompt !== 'string')
    return fitted(job, job.prompt, runner, options)
  const shown = job.kind === 'chat' && job.truncate ? await shortened(job, prompt, runner) : prompt
  const context = job.kind === 'generate' ? (job.context ?? []) : []
  const tokens = [...context, ...(await tokenize(job, runner, shown, context.length === 0))]
  return fitted(job, tokens, runner, options)
}

function fitted(
  job: Job,
  tokens: readonly number[],
  { info }: Runner,
  { keepTokens }: ModelOptions,
): readonly number[] {
  return fitTokens(tokens, {
    contextLength: info.contextLength,
    keep: keepTokens < 0 ? keepTokens : keepTokens + (info.addsBos ? 1 : 0),
    shift: job.shift,
    truncate: job.truncate,
  })
}

/** The chat's prompt without the old messages that do not fit. */
async function shortened(job: ChatJob, prompt: JobPrompt, runner: Runner): Promise<JobPrompt> {
  const messages = allMessages(job)
  const now = new Date()
  // A token is at least a byte: a short text fits whatever its tokens are.
  if (Buffer.byteLength(prompt.text) <= runner.info.contextLength) return prompt
  const count = async (some: typeof messages) =>
    (await tokenize(job, runner, chatPrompt(job, now, some), true)).length
  const kept = await fitMessages(messages, runner.info.contextLength, (some) => count([...some]))
  return kept === messages ? prompt : chatPrompt(job, now, kept)
}

function tokenize(job: Job, runner: Runner, prompt: JobPrompt, isStart: boolean): Promise<number[]> {
  const { bosToken } = job.model.facts ?? {}
  // Many templates write the begin-of-text token themselves; it must not stand there twice.
  const hasBos = bosToken !== undefined && bosToken !== '' && prompt.text.startsWith(bosToken)
  const bos = isStart && runner.info.addsBos && !hasBos
  return runner.tokenize(prompt.text, { special: prompt.hasSpecialTokens, bos })
}

/** Tells thoughts, calls and text apart in the answer to this prompt. */
export function parserFor(job: Job, { thinking, toolCalls }: JobPrompt): Parser {
  const thoughts = thinking && thinkingSplitter(thinking.tags, thinking.isOpen)
  const calls = toolCalls && job.kind === 'chat' && toolCallParser(toolCalls, job.tools, newToolCallId)
  if (!calls) return thoughts ?? plainText
  return thoughts === undefined ? calls : chain(thoughts, calls)
}

/** Tags the parser of the answer has to see, even those that are control tokens. */
export function tagsFor({ thinking, toolCalls }: JobPrompt): string[] {
  const tags = [thinking?.tags.open, thinking?.tags.close, toolCalls?.open, toolCalls?.close]
  return tags.filter((tag): tag is string => tag !== undefined && tag !== '')
}
