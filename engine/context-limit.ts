import type { Runner, RunnerRequest } from './backend.ts'

/**
 * The runner as a request sees it that asked for a context of so many tokens: one that was loaded with a longer one
 * serves it all the same, and looks as if it had no more. 0 takes the context as it is.
 */
export function withContext(runner: Runner, contextLength: number): Runner {
  if (contextLength <= 0 || contextLength >= runner.info.contextLength) return runner
  return { ...runner, info: { ...runner.info, contextLength } }
}

/** What a request on the whole runner must carry to be held to what `seen` has; nothing where that is all there is. */
export function contextLimit(seen: Runner, whole: Runner): Pick<RunnerRequest, 'contextLimit'> {
  return seen === whole ? {} : { contextLimit: seen.info.contextLength }
}
