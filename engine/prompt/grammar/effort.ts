import { GrammarLimit } from './gbnf.ts'

/**
 * Work one schema may cause while its patterns are followed, in places looked at: about a second. It is counted here
 * for all of a schema together, because a thousand small patterns are as bad as a large one.
 */
const MAX_EFFORT = 4_000_000

let left = MAX_EFFORT

/** Does synchronous work with a full account; what was left before comes back when it is done. */
export function withEffort<T>(work: () => T): T {
  const before = left
  left = MAX_EFFORT
  try {
    return work()
  } finally {
    left = before
  }
}

/** Throws GrammarLimit when the account is used up. */
export function spendEffort(amount: number): void {
  left -= amount
  if (left < 0) throw new GrammarLimit('its patterns take too long to follow')
}
