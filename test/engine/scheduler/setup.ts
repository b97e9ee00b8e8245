import { setImmediate as turn } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { ActivityEvent } from '../../../engine/activity.ts'
import type { LoadPlan } from '../../../engine/backend.ts'
import { createScheduler } from '../../../engine/scheduler/scheduler.ts'
import type { AcquireRequest, Lease, SchedulerOptions } from '../../../engine/scheduler/types.ts'
import { heldBackend } from '../../helpers/held-backend.ts'

export const planOf = (weightsPath: string, change: Partial<LoadPlan> = {}): LoadPlan => ({
  weightsPath,
  adapterPaths: [],
  slots: 1,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  contextLength: 4096,
  batchTokens: 512,
  gpuLayers: -1,
  mainGpu: undefined,
  mmap: undefined,
  threads: 0,
  ...change,
})

type Change = Partial<AcquireRequest<string>> & { signal?: AbortSignal; load?: Partial<LoadPlan> }

/** A scheduler over a backend that waits for the test, and what came of the requests asked of it. */
export function scheduled(
  hold: Parameters<typeof heldBackend>[0] = {},
  options: Partial<SchedulerOptions<string>> = {},
) {
  const held = heldBackend(hold)
  const events: ActivityEvent[] = []
  const scheduler = createScheduler<string>({
    backend: held.backend,
    maxLoadedModels: 3,
    maxQueue: 512,
    loadTimeoutMs: Infinity,
    defaultKeepAliveMs: Infinity,
    log: { info() {}, warn() {} },
    activity: { report: (event) => events.push(event), watch: () => () => {} },
    ...options,
  })
  onTestFinished(() => scheduler.close())
  /** Names of requests in the order they were served. */
  const served: string[] = []
  return {
    ...held,
    scheduler,
    events,
    served,
    /** Asks for a model; `name` is put down when the request is served. */
    async ask(
      model: string,
      name = model,
      { signal = new AbortController().signal, load, ...change }: Change = {},
    ): Promise<Lease> {
      const lease = await scheduler.acquire({ plan: planOf(model, load), tag: model, ...change }, signal)
      served.push(name)
      return lease
    },
    keys: () => scheduler.residents().map(({ key }) => key),
    /** Lets everything happen that can. */
    async settle() {
      for (let i = 0; i < 10; i++) await turn()
    },
  }
}
