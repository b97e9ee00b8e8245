import type { InstalledModel } from '../store/types.ts'
import type { Message } from '../types.ts'

/** A thought at the start of an answer that a client sent back as content. */
const THOUGHT = /^\s*<think>[\s\S]*?<\/think>\s*/

/**
 * Takes old thoughts out of answers before the last user message, for the models that were trained without them
 * (ollama server/routes.go, `filterThinkTags`).
 */
export function withoutOldThoughts(model: InstalledModel, messages: readonly Message[]): Message[] {
  const isTrainedSo = model.config.modelFamily === 'qwen3' || model.name.model === 'deepseek-r1'
  const lastUser = messages.findLastIndex((message) => message.role === 'user')
  return messages.map((message, at) => {
    if (!isTrainedSo || message.role !== 'assistant' || at >= lastUser) return message
    return { ...message, content: message.content.replace(THOUGHT, '') }
  })
}
