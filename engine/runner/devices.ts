import { EngineError } from '../errors.ts'
import type { EngineDevice } from '../hardware/reconcile.ts'
import { type DevicesNews, type DevicesRequest, isDevicesReport } from './devices-protocol.ts'
import { cancelled, runOneShot } from './one-shot.ts'

/** Drivers that wake several sleeping GPUs need seconds; one that hangs never answers. */
const TIMEOUT_MS = 30_000

export interface DevicesOptions {
  libraryDir: string | undefined
  /** The child's whole environment. */
  environment: Record<string, string>
  signal: AbortSignal
  /** Gets warnings and errors of the native library. */
  log: (message: string) => void
  timeoutMs?: number
}

/**
 * The devices that llama.cpp has here, as a process of its own finds them. Throws EngineError `load_failed` with the
 * reason, also when there is no answer in time, and `cancelled` soon after `signal` aborts.
 */
export async function devicesInChild(options: DevicesOptions): Promise<EngineDevice[]> {
  const { libraryDir, environment, signal, log, timeoutMs = TIMEOUT_MS } = options
  if (signal.aborted) throw cancelled()
  const deadline = AbortSignal.timeout(timeoutMs)
  const request: DevicesRequest = { type: 'devices', ...(libraryDir === undefined ? {} : { libraryDir }) }
  let devices: EngineDevice[] | undefined
  try {
    await runOneShot<DevicesNews>({
      entry: 'devices-child',
      environment,
      request,
      isReport: isDevicesReport,
      onReport(report) {
        if (report.type === 'log') log(report.message)
        else devices = report.devices
      },
      died: (detail) => new EngineError('load_failed', `looking for devices ended early: ${detail}`),
      signal: AbortSignal.any([signal, deadline]),
    })
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error
    const seconds = timeoutMs / 1000
    throw new EngineError('load_failed', `llama.cpp did not name its devices within ${seconds} s`, {
      cause: error,
    })
  }
  if (devices === undefined) throw new EngineError('load_failed', 'llama.cpp did not name its devices')
  return devices
}
