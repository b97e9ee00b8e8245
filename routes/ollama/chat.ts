import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Answer } from '../../engine/collect.ts'
import type { InstalledModel, ModelStore } from '../../engine/store/types.ts'
import type { ChatJob, Engine, EngineEvent, RenderedPrompt } from '../../engine/types.ts'
import { utcTimestamp } from '../../formats/timestamps.ts'
import { RequestError } from '../wire/problem.ts'
import { answerJob } from './answer-job.ts'
import { list } from './fields.ts'
import { commonJob, jobFields } from './job-fields.ts'
import { toLogprobs } from './logprobs.ts'
import { findForInference, refuseStub } from './lookup.ts'
import { MessageRequest, ToolRequest, toMessage, toWireCall } from './message.ts'
import { metrics } from './metrics.ts'
import { omitEmpty } from './omit-empty.ts'

export const ChatRequest = z
  .object({
    ...jobFields,
    messages: list(MessageRequest, '[]api.Message').describe('Empty loads or unloads the model'),
    tools: list(ToolRequest, 'api.Tools').describe('Functions the model may ask the client to call'),
  })
  .meta({ id: 'OllamaChatRequest', title: 'ChatRequest' })
export type ChatRequest = z.output<typeof ChatRequest>

/** Answers POST /api/chat. The order of the checks is Ollama's (server/routes.go, ChatHandler). */
export async function chat(
  { engine, models }: { engine: Engine; models: ModelStore },
  body: ChatRequest,
  reply: FastifyReply,
): Promise<object> {
  if (body.model === '') throw new RequestError(400, 'model is required')
  const found = await findForInference(models, body.model)
  const { model } = found
  if (body.messages.length === 0 && body.keep_alive === 0) {
    engine.unload(model)
    return toLoadLine(body.model, 'unload')
  }
  refuseStub(engine, found, body.model)
  return answerJob(engine, toJob(body, model), body, reply, {
    isEmpty: body.messages.length === 0,
    write: {
      loaded: () => toLoadLine(body.model, 'load'),
      line: (event) => toLine(body, event),
      answer: (answer) => toAnswer(body, answer),
      prompt: (prompt) => toDebugLine(body.model, prompt),
    },
  })
}

/** The job a request asks for, before its options and format are looked at. */
export function toJob(body: ChatRequest, model: InstalledModel): ChatJob {
  return {
    kind: 'chat',
    ...commonJob(body, model),
    messages: body.messages.map(toMessage),
    tools: body.tools,
    toolChoice: 'auto',
    parallelToolCalls: true,
  }
}

/** One line of a stream; undefined for an event that has none. */
export function toLine(body: ChatRequest, event: EngineEvent): object | undefined {
  switch (event.type) {
    case 'started':
    case 'prompt-tokens':
      return undefined
    case 'thinking-delta':
    case 'text-delta': {
      const logprobs = toLogprobs(event.logprobs, body.top_logprobs)
      if (event.text === '' && logprobs === undefined) return undefined
      const said =
        event.type === 'text-delta' ? { content: event.text } : { content: '', thinking: event.text }
      return { ...head(body.model, said), done: false, ...(logprobs === undefined ? {} : { logprobs }) }
    }
    case 'tool-call':
      return {
        ...head(body.model, { content: '', tool_calls: [toWireCall(event.call, event.index)] }),
        done: false,
      }
    case 'end':
      return {
        ...head(body.model, { content: '' }),
        done: true,
        done_reason: event.reason,
        ...metrics(event.usage),
      }
  }
}

/** The answer in one object: the last line of the stream, with everything that was said before. */
export function toAnswer(body: ChatRequest, answer: Answer): object {
  const said = {
    content: answer.text,
    ...omitEmpty({ thinking: answer.thinking, tool_calls: answer.toolCalls.map(toWireCall) }),
  }
  return {
    ...head(body.model, said),
    done: true,
    done_reason: answer.reason,
    ...omitEmpty({ logprobs: toLogprobs(answer.logprobs, body.top_logprobs) }),
    ...metrics(answer.usage),
  }
}

const head = (rawName: string, said: { content: string } & Record<string, unknown>) => ({
  model: rawName,
  created_at: utcTimestamp(Date.now()),
  message: { role: 'assistant', ...said },
})

const toLoadLine = (rawName: string, reason: 'load' | 'unload') => ({
  ...head(rawName, { content: '' }),
  done: true,
  done_reason: reason,
})

const toDebugLine = (rawName: string, { text, imageCount }: RenderedPrompt) => ({
  ...head(rawName, { content: '' }),
  done: false,
  _debug_info: { rendered_template: text, ...omitEmpty({ image_count: imageCount }) },
})
