import type { Activity } from '../activity.ts'
import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { memoryByDevice } from '../memory-by-device.ts'

/** Runs a load and tells `activity` how it goes. Throws what the load threw. */
export async function reportedLoad(
  activity: Activity | undefined,
  model: string,
  load: (onProgress: (fraction: number) => void) => Promise<Runner>,
): Promise<Runner> {
  const startedAt = performance.now()
  // Nothing is predicted for a load whose plan was not computed from the model's header.
  activity?.report({ type: 'load-started', model, predicted: {} })
  try {
    const runner = await load((fraction) => activity?.report({ type: 'load-progress', model, fraction }))
    const loadMs = performance.now() - startedAt
    activity?.report({ type: 'loaded', model, loadMs, actual: memoryByDevice(runner.info.buffers) })
    return runner
  } catch (error) {
    const code = error instanceof EngineError ? error.code : 'load_failed'
    activity?.report({ type: 'load-failed', model, code, message: (error as Error).message })
    throw error
  }
}
