import type { Runner } from './backend.ts'

/**
 * The runner as a request sees it that asked for a context of so many tokens: one that was loaded with a longer one
 * serves it all the same, and holds it to what it asked for. 0 takes the context as it is.
 */
export function withContext(runner: Runner, contextLength: number): Runner {
  if (contextLength <= 0 || contextLength >= runner.info.contextLength) return runner
  return {
    ...runner,
    info: { ...runner.info, contextLength },
    generate: (request, signal) => runner.generate({ ...request, contextLimit: contextLength }, signal),
  }
}
