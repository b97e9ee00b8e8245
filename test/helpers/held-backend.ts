import type { Backend, LoadPlan, Runner } from '../../engine/backend.ts'
import { ScriptedBackend } from './scripted-backend.ts'

/** A backend whose loads end, and whose runners go, when the test says so. */
export function heldBackend({ holdsLoads = false, holdsCloses = false } = {}) {
  const scripted = new ScriptedBackend()
  const loads: { path: string; go: () => void; fail: (error: Error) => void }[] = []
  const closes: { path: string; go: () => void }[] = []
  async function load(
    plan: LoadPlan,
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<Runner> {
    if (holdsLoads) {
      await new Promise<void>((go, fail) => {
        loads.push({ path: plan.weightsPath, go, fail })
        signal.addEventListener('abort', () => fail(new Error('stopped')), { once: true })
      })
    }
    const runner = await scripted.load(plan, signal, onProgress)
    if (!holdsCloses) return runner
    const close = () =>
      new Promise<void>((resolve) => {
        closes.push({ path: plan.weightsPath, go: () => void runner.close().then(resolve) })
      })
    return { ...runner, close }
  }
  const backend: Backend = { name: 'held', load, close: async () => {} }
  return { backend, plans: scripted.plans, loads, closes }
}
