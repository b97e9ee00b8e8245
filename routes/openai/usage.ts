import type { Usage } from '../../engine/types.ts'

export interface WireUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details: { cached_tokens: number }
  completion_tokens_details: { reasoning_tokens: number }
}

/** What all choices of a request used together. The prompt counts in full, reused tokens included. */
export function toUsage(usages: readonly Usage[]): WireUsage {
  const sum = (of: (usage: Usage) => number) => usages.reduce((total, usage) => total + of(usage), 0)
  const prompt = sum((usage) => usage.promptTokens)
  const output = sum((usage) => usage.outputTokens)
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: sum((usage) => usage.cachedTokens) },
    completion_tokens_details: { reasoning_tokens: sum((usage) => usage.thinkingTokens) },
  }
}
