import type { ChosenToken, EngineEvent, PromptToken, StopReason, ToolCall, Usage } from './types.ts'

export interface Answer {
  text: string
  thinking: string
  toolCalls: (ToolCall & { id: string })[]
  logprobs: ChosenToken[]
  /** Empty unless the job asked for them. */
  promptTokens: PromptToken[]
  reason: StopReason
  usage: Usage
  context: number[] | undefined
}

/** The answer that is not streamed is the streamed one, folded. */
export async function collect(events: AsyncIterable<EngineEvent>): Promise<Answer> {
  const answer: Pick<Answer, 'text' | 'thinking' | 'toolCalls' | 'logprobs' | 'promptTokens'> = {
    text: '',
    thinking: '',
    toolCalls: [],
    logprobs: [],
    promptTokens: [],
  }
  for await (const event of events) {
    switch (event.type) {
      case 'started':
        break
      case 'prompt-tokens':
        answer.promptTokens.push(...event.tokens)
        break
      case 'text-delta':
        answer.text += event.text
        answer.logprobs.push(...(event.logprobs ?? []))
        break
      case 'thinking-delta':
        answer.thinking += event.text
        answer.logprobs.push(...(event.logprobs ?? []))
        break
      case 'tool-call':
        answer.toolCalls.push(event.call)
        break
      case 'end':
        return { ...answer, reason: event.reason, usage: event.usage, context: event.context }
    }
  }
  throw new Error('the engine ended an answer without an end event')
}
