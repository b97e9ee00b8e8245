import { memoryByDevice } from './memory-by-device.ts'
import type { PlannedLoading } from './planning/planned-loading.ts'
import type { ResidentView } from './scheduler/types.ts'
import type { Speeds } from './speed.ts'
import type { InstalledModel } from './store/types.ts'
import type { LoadedModel } from './types.ts'

/** What `ps` says of a resident; nothing while it loads. `inLine`: requests the scheduler keeps waiting for it. */
export function toLoaded(
  resident: ResidentView<InstalledModel>,
  inLine: number,
  { speeds, planning }: { speeds: Speeds; planning: Pick<PlannedLoading, 'plannedFor'> | undefined },
): LoadedModel | undefined {
  const { runner, tag: model, users, keepAliveMs, idleSinceMs, isRetiring } = resident
  if (runner === undefined) return undefined
  const planned = planning?.plannedFor(runner)
  const { sizeBytes, sizeVramBytes, contextLength, slots, buffers } = runner.info
  // Its time begins anew when the last request ends; one that is on its way out has none left.
  const since = users > 0 ? Date.now() : idleSinceMs
  return {
    model,
    sizeBytes,
    sizeVramBytes,
    contextLength,
    expiresAtMs: isRetiring ? Date.now() : since + keepAliveMs,
    slots,
    busySlots: Math.min(users, slots),
    waiting: inLine + Math.max(0, users - slots),
    tokensPerSecond: speeds.of(runner),
    memory: memoryByDevice(buffers),
    ...(planned === undefined ? {} : { planned }),
  }
}
