import { GoTemplateLimit } from './error.ts'
import { MAX_STEPS, MAX_TEXT, UNITS_PER_STEP } from './limits.ts'

/** What one run may still take. */
export interface Budget {
  /** Throws GoTemplateLimit when nothing is left. */
  spend(steps: number): void
  /** Pays for looking at or making so much text; gives it back. Throws GoTemplateLimit. */
  text(text: string): string
}

export function createBudget(): Budget {
  let left = MAX_STEPS
  const spend = (steps: number) => {
    left -= steps
    if (left < 0) throw new GoTemplateLimit(`template: stopped after ${MAX_STEPS} steps`)
  }
  return {
    spend,
    text(text) {
      if (text.length > MAX_TEXT) throw tooLong()
      spend(text.length / UNITS_PER_STEP)
      return text
    },
  }
}

export const tooLong = () => new GoTemplateLimit(`template: more than ${MAX_TEXT} characters of text`)
