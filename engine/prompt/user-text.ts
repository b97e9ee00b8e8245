import type { Job, Message } from '../types.ts'

/**
 * Stands inside of what looks like a control token in a user's text: a noncharacter of Unicode, which no text for
 * interchange has. It travels through the template with the text; where it ends up, the prompt is cut before it becomes
 * tokens, so that `<|im_start|>` typed by a user is plain text and the template's own is a control token.
 */
const SEAM = '\uFDD0'

/** Roles whose words are not the operator's and not the model's. */
const isForeign = (role: string): boolean => !['system', 'developer', 'assistant'].includes(role)

/**
 * The job with seams in the texts of users, tools and documents; the job itself when nothing there looks like a
 * control token. `isTemplated`: the prompt is more than what the user wrote; else its control tokens are meant.
 */
export function withSeams(job: Job, controlTokens: readonly string[], isTemplated: boolean): Job {
  const seamed = (text: string) => textWithSeams(text, controlTokens)
  if (job.kind === 'chat') {
    const messages = job.messages.map((message) =>
      isForeign(message.role) ? change(message, seamed) : message,
    )
    return messages.every((message, i) => message === job.messages[i]) ? job : { ...job, messages }
  }
  if (job.raw || !isTemplated || typeof job.prompt !== 'string') return job
  const prompt = seamed(job.prompt)
  const suffix = job.suffix === undefined ? undefined : seamed(job.suffix)
  if (prompt === job.prompt && suffix === job.suffix) return job
  return { ...job, prompt, ...(suffix === undefined ? {} : { suffix }) }
}

function change(message: Message, seamed: (text: string) => string): Message {
  const content = seamed(message.content)
  return content === message.content ? message : { ...message, content }
}

/** A seam behind the first character of everything that reads like a control token, overlapping ones too. */
function textWithSeams(text: string, controlTokens: readonly string[]): string {
  const cuts = new Set<number>()
  for (const token of controlTokens) {
    for (let at = text.indexOf(token); at >= 0; at = text.indexOf(token, at + 1)) cuts.add(at + 1)
  }
  if (cuts.size === 0) return text
  const ends = [...cuts].sort((a, b) => a - b)
  return [0, ...ends].map((start, i) => text.slice(start, ends[i])).join(SEAM)
}

/** The pieces of a prompt that must become tokens each by itself. */
export const piecesAtSeams = (prompt: string): string[] => prompt.split(SEAM)
