import type { RunnerRequest } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { createAnswerText } from './answer-text.ts'
import { createGrammarSampler } from './grammar-sampler.ts'
import { createLateSampler } from './late-grammar.ts'
import type { NativeModel } from './native-model.ts'
import { canGoBack } from './prefix/state.ts'
import { createSampler, type Sampler } from './sampler.ts'
import type { Task } from './slots.ts'
import { createDrafter, type Drafter } from './speculation/drafter.ts'
import { withThoughtBudget } from './thought-budget.ts'

/** Tokens that the request's sequence may have. */
export const contextOf = (model: NativeModel, { contextLimit }: RunnerRequest): number =>
  Math.min(model.contextLength, contextLimit ?? model.contextLength)

/** Throws EngineError for a prompt that must not reach native code. */
export function checkPrompt(model: NativeModel, request: RunnerRequest): void {
  const { prompt } = request
  const contextLength = contextOf(model, request)
  if (prompt.length === 0) throw new EngineError('bad_request', 'the prompt has no tokens')
  const unknown = prompt.find((token) => token < 0 || token >= model.vocabularySize)
  if (unknown !== undefined) throw new EngineError('bad_request', `token ${unknown} is not in the vocabulary`)
  if (prompt.length <= contextLength) return
  const counts = `${prompt.length} tokens) exceeds the context length (${contextLength} tokens)`
  throw new EngineError('context_overflow', `the prompt (${counts}`)
}

/** A request with its whole prompt still to evaluate. Throws EngineError `bad_format`. */
export function createTask(model: NativeModel, id: number, request: RunnerRequest): Task {
  const shown = shownTags(model, request.tags ?? [])
  return {
    id,
    request,
    sampler: samplerFor(model, request, (token) => shown.get(token) ?? model.tokenBytes(token)),
    text: createAnswerText(request.stop),
    shown,
    cachedTokens: 0,
    startedAt: performance.now(),
    pending: request.prompt,
    fed: 0,
    scored: 0,
    marks: [],
    promptDoneAt: undefined,
    outputTokens: 0,
    unreported: 0,
    shiftedTokens: 0,
    logprobs: [],
    tokenIds: [],
    drafter: drafterFor(model, request),
    draftedTokens: 0,
    acceptedTokens: 0,
    isPaused: false,
    isCancelled: false,
  }
}

function drafterFor(model: NativeModel, request: RunnerRequest): Drafter | undefined {
  const { prompt, maxTokens } = request
  // Without going back a draft that is not accepted could not be forgotten.
  if (model.stepCosts === undefined || !canGoBack(model) || maxTokens === 0) return undefined
  const context = contextOf(model, request)
  const expected = maxTokens < 0 ? context : Math.min(context, prompt.length + maxTokens)
  return createDrafter(prompt, expected, model.stepCosts)
}

function samplerFor(
  model: NativeModel,
  request: RunnerRequest,
  textOf: (token: number) => Uint8Array,
): Sampler {
  const sampler = freeSampler(model, request, textOf)
  return request.thought === undefined ? sampler : withThoughtBudget(sampler, request.thought, textOf)
}

/** Without a limit to thoughts. */
function freeSampler(
  model: NativeModel,
  { sampling, prompt, grammar, lateGrammar }: RunnerRequest,
  textOf: (token: number) => Uint8Array,
): Sampler {
  if (grammar !== undefined) return createGrammarSampler(model, sampling, grammar, prompt, textOf)
  if (lateGrammar !== undefined) return createLateSampler(model, sampling, lateGrammar, prompt, textOf)
  return createSampler(model, sampling, undefined, prompt)
}

function shownTags(model: NativeModel, tags: readonly string[]): Map<number, Uint8Array> {
  const shown = new Map<number, Uint8Array>()
  for (const tag of tags) {
    const token = model.controlToken(tag)
    if (token !== undefined) shown.set(token, Buffer.from(tag))
  }
  return shown
}
