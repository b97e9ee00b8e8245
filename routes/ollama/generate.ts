import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Answer } from '../../engine/collect.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import type { Engine, EngineEvent, GenerateJob, RenderedPrompt } from '../../engine/types.ts'
import { utcTimestamp } from '../../formats/timestamps.ts'
import { RequestError } from '../wire/problem.ts'
import { answerJob } from './answer-job.ts'
import { flag, list, text } from './fields.ts'
import { commonJob, jobFields } from './job-fields.ts'
import { toLogprobs } from './logprobs.ts'
import { findForInference, refuseStub } from './lookup.ts'
import { images } from './message.ts'
import { metrics } from './metrics.ts'
import { omitEmpty } from './omit-empty.ts'

export const GenerateRequest = z
  .object({
    ...jobFields,
    prompt: text().describe('Empty loads the model, or unloads it with `keep_alive` 0'),
    suffix: text().describe('Text after the gap that the model fills'),
    system: text().describe("Replaces the model's own system text"),
    template: text().describe("Replaces the model's own template; in Go's syntax"),
    context: list(z.int('int'), '[]int').describe('The `context` of an earlier answer, to go on from it'),
    raw: flag().describe('Feed the prompt as it is: no template'),
    images: images(),
  })
  .meta({ id: 'OllamaGenerateRequest', title: 'GenerateRequest' })
export type GenerateRequest = z.output<typeof GenerateRequest>

/** Answers POST /api/generate. The order of the checks is Ollama's (server/routes.go, GenerateHandler). */
export async function generate(
  { engine, models }: { engine: Engine; models: ModelStore },
  body: GenerateRequest,
  reply: FastifyReply,
): Promise<object> {
  if (body.model === '') throw new RequestError(404, "model '' not found")
  const found = await findForInference(models, body.model)
  const { model } = found
  refuseStub(engine, found, body.model)
  if (body.prompt === '' && body.keep_alive === 0) {
    engine.unload(model)
    return toLoadLine(body.model, 'unload')
  }
  refuseUnusable(body, model)
  return answerJob(engine, toJob(body, model), body, reply, {
    isEmpty: body.prompt === '',
    write: {
      loaded: () => toLoadLine(body.model, 'load'),
      line: (event) => toLine(body, event),
      answer: (answer) => toAnswer(body, answer),
      prompt: (prompt) => toDebugLine(body.model, prompt),
    },
  })
}

function refuseUnusable(body: GenerateRequest, model: InstalledModel): void {
  if (model.capabilities.includes('image')) {
    throw new RequestError(400, 'image generation models are not currently supported')
  }
  if (body.raw && (body.template !== '' || body.system !== '' || body.context.length > 0)) {
    throw new RequestError(400, 'raw mode does not support template, system, or context')
  }
}

/** The job a request asks for, before its options and format are looked at. */
export function toJob(body: GenerateRequest, model: InstalledModel): GenerateJob {
  return {
    kind: 'generate',
    ...commonJob(body, model),
    prompt: body.prompt,
    raw: body.raw,
    ...(body.system === '' ? {} : { system: body.system }),
    ...(body.template === '' ? {} : { template: body.template }),
    ...(body.suffix === '' ? {} : { suffix: body.suffix }),
    ...(body.context.length === 0 ? {} : { context: body.context }),
    ...(body.images.length === 0 ? {} : { images: body.images }),
  }
}

/** One line of a stream; undefined for an event that has none. */
export function toLine(body: GenerateRequest, event: EngineEvent): object | undefined {
  const head = { model: body.model, created_at: utcTimestamp(Date.now()) }
  switch (event.type) {
    case 'started':
    case 'prompt-tokens':
    case 'tool-call':
      return undefined
    case 'thinking-delta':
    case 'text-delta': {
      const logprobs = toLogprobs(event.logprobs, body.top_logprobs)
      if (event.text === '' && logprobs === undefined) return undefined
      const said =
        event.type === 'text-delta' ? { response: event.text } : { response: '', thinking: event.text }
      return { ...head, ...said, done: false, ...(logprobs === undefined ? {} : { logprobs }) }
    }
    case 'end':
      return { ...head, response: '', ...toEnding(body, event) }
  }
}

/** The answer in one object: the last line of the stream, with everything that was said before. */
export function toAnswer(body: GenerateRequest, answer: Answer): object {
  return {
    model: body.model,
    created_at: utcTimestamp(Date.now()),
    response: answer.text,
    ...omitEmpty({ thinking: answer.thinking }),
    ...toEnding(body, answer),
    ...omitEmpty({ logprobs: toLogprobs(answer.logprobs, body.top_logprobs) }),
  }
}

function toEnding(
  body: GenerateRequest,
  { reason, usage, context }: Pick<Answer, 'reason' | 'usage'> & { context?: number[] | undefined },
) {
  return {
    done: true,
    done_reason: reason,
    ...(body.raw ? {} : omitEmpty({ context })),
    ...metrics(usage),
  }
}

function toLoadLine(rawName: string, reason: 'load' | 'unload'): object {
  return {
    model: rawName,
    created_at: utcTimestamp(Date.now()),
    response: '',
    done: true,
    done_reason: reason,
  }
}

function toDebugLine(rawName: string, { text, imageCount }: RenderedPrompt): object {
  return {
    model: rawName,
    created_at: utcTimestamp(Date.now()),
    response: '',
    done: false,
    _debug_info: { rendered_template: text, ...omitEmpty({ image_count: imageCount }) },
  }
}
