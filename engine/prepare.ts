import { chain, type Parser, plainText } from './answer.ts'
import type { Runner, ThoughtBudget } from './backend.ts'
import type { ModelOptions } from './model-options.ts'
import { unwrapped } from './prompt/answer-wrapper.ts'
import { fitMessages, fitTokens } from './prompt/fit-context.ts'
import { allMessages, chatPrompt, generatePrompt, type JobPrompt } from './prompt/job-prompt.ts'
import { thinkingSplitter } from './prompt/thinking.ts'
import { newToolCallId } from './prompt/tool-call-id.ts'
import { toolCallParser } from './prompt/tool-calls.ts'
import { tagsOf } from './prompt/tool-format/trigger.ts'
import { piecesAtSeams, withSeams } from './prompt/user-text.ts'
import type { ChatJob, Job } from './types.ts'

/** The prompt of a job, whole. Throws EngineError when the model's template refuses it. */
export function promptFor(job: Job, now: Date): JobPrompt {
  return job.kind === 'chat' ? chatPrompt(job, now) : generatePrompt(job, now)
}

/** A prompt as it fits into the context. */
export interface FittedPrompt {
  tokens: readonly number[]
  /** Tokens of the whole prompt that were left out. */
  droppedTokens: number
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
): Promise<FittedPrompt> {
  const seamed = withSeams(job, runner.info.controlTokens, prompt.text !== asWritten(job))
  const shown = seamed === job ? prompt : promptFor(seamed, new Date())
  const whole = await wholePrompt(seamed, shown, runner)
  const tokens = fitted(job, whole.tokens, runner, options)
  return { tokens, droppedTokens: whole.droppedTokens + whole.tokens.length - tokens.length }
}

const asWritten = (job: Job) => (job.kind === 'generate' ? job.prompt : undefined)

/** The prompt without the old messages that do not fit; one that is not made of messages is whole. */
async function wholePrompt(job: Job, prompt: JobPrompt, runner: Runner): Promise<FittedPrompt> {
  if (job.kind === 'chat') {
    const shown = job.truncate ? await shortened(job, prompt, runner) : { prompt, wholeTokens: undefined }
    const tokens = await tokenize(job, runner, shown.prompt, true)
    return { tokens, droppedTokens: (shown.wholeTokens ?? tokens.length) - tokens.length }
  }
  if (typeof job.prompt !== 'string') return { tokens: job.prompt, droppedTokens: 0 }
  const context = job.context ?? []
  const tokens = [...context, ...(await tokenize(job, runner, prompt, context.length === 0))]
  return { tokens, droppedTokens: 0 }
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

/** The chat's prompt without the old messages that do not fit, and then how many tokens it had with them. */
async function shortened(
  job: ChatJob,
  prompt: JobPrompt,
  runner: Runner,
): Promise<{ prompt: JobPrompt; wholeTokens: number | undefined }> {
  const messages = allMessages(job)
  const now = new Date()
  // A token is at least a byte: a short text fits whatever its tokens are.
  if (Buffer.byteLength(prompt.text) <= runner.info.contextLength) return { prompt, wholeTokens: undefined }
  let wholeTokens: number | undefined
  const count = async (some: typeof messages) => {
    const { length } = await tokenize(job, runner, chatPrompt(job, now, some), true)
    // The whole conversation is asked about first.
    wholeTokens ??= length
    return length
  }
  const kept = await fitMessages(messages, runner.info.contextLength, (some) => count([...some]))
  if (kept === messages) return { prompt, wholeTokens: undefined }
  return { prompt: chatPrompt(job, now, kept), wholeTokens }
}

async function tokenize(job: Job, runner: Runner, prompt: JobPrompt, isStart: boolean): Promise<number[]> {
  const { bosToken } = job.model.facts ?? {}
  // Many templates write the begin-of-text token themselves; it must not stand there twice.
  const hasBos = bosToken !== undefined && bosToken !== '' && prompt.text.startsWith(bosToken)
  const addsBos = isStart && runner.info.addsBos && !hasBos
  const pieces = piecesAtSeams(prompt.text).map((text, i) =>
    runner.tokenize(text, { special: prompt.hasSpecialTokens, bos: addsBos && i === 0 }),
  )
  return (await Promise.all(pieces)).flat()
}

/** When the model has to stop thinking; undefined where it need not or does not think. */
export async function thoughtBudgetFor(
  { thinking }: JobPrompt,
  runner: Runner,
  { thinkingBudget }: ModelOptions,
): Promise<ThoughtBudget | undefined> {
  if (thinking === undefined || thinkingBudget < 0) return undefined
  const closing = await runner.tokenize(thinking.tags.close, { special: true, bos: false })
  return { ...thinking.tags, isOpen: thinking.isOpen, tokens: thinkingBudget, closing }
}

/** Tells thoughts, calls and text apart in the answer to this prompt. */
export function parserFor(job: Job, { thinking, toolCalls }: JobPrompt): Parser {
  const wrapper = thinking?.tags.wrapper
  const splitter = thinking && thinkingSplitter(thinking.tags, thinking.isOpen)
  const thoughts = splitter && wrapper ? chain(splitter, unwrapped(wrapper)) : splitter
  const calls = toolCalls && job.kind === 'chat' && toolCallParser(toolCalls, job.tools, newToolCallId)
  if (!calls) return thoughts ?? plainText
  return thoughts === undefined ? calls : chain(thoughts, calls)
}

/** Tags, and parts of them, that the parser of the answer has to see even where they are control tokens. */
export function tagsFor({ thinking, toolCalls }: JobPrompt): string[] {
  const { open, close, answer } = thinking?.tags ?? {}
  const tags = [
    open,
    close,
    answer?.turn,
    answer?.open,
    ...(toolCalls === undefined ? [] : tagsOf(toolCalls)),
  ]
  const parts = tags.flatMap((tag = '') => [tag, ...(tag.match(/<[^<>]+>/g) ?? [])])
  return [...new Set(parts.filter((part) => part !== ''))]
}
