import type { LoadPlanner } from './types.ts'
import { plainContext } from './uncomputed.ts'

/** Loads as asked, on a machine that nobody looks at: the library places layers, and the context is Ollama's smallest. */
export const UNPLANNED: LoadPlanner = {
  plan: async (wish) => ({ plan: { ...wish.plan, contextLength: plainContext(wish) }, needs: {} }),
}
