import type { ChosenToken, EngineEvent, StopReason, ToolCall, Usage } from './types.ts'

export interface Answer {
  text: string
  thinking: string
  toolCalls: (ToolCall & { id: string })[]
  logprobs: ChosenToken[]
  reason: StopReason
  usage: Usage
  context: number[] | undefined
}

/** The answer that is not streamed is the streamed one, folded. */
export async function collect(events: AsyncIterable<EngineEvent>): Promise<Answer> {
  const answer: Pick<Answer, 'text' | 'thinking' | 'toolCalls' | 'logprobs'> = {
    text: '',
    thinking: '',
    toolCalls: [],
    logprobs: [],
  }
  for await (const event of events) {
    switch (event.type) {
      case 'started':
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
