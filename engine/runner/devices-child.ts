/**
 * Entry of the child process that says which devices the engine has. A driver that crashes or hangs while it is
 * looked for takes nothing with it, and the memory of its context is free again when this process has ended.
 */
import { devicesOfLibrary } from '../llama/devices.ts'
import { findLibraryDir } from '../llama/library-dir.ts'
import { type DevicesReport, type DevicesRequest, isDevicesRequest } from './devices-protocol.ts'
import { failureOf } from './protocol.ts'

function tell(report: DevicesReport): void {
  process.send?.(report)
}

async function list({ libraryDir }: DevicesRequest): Promise<void> {
  try {
    const log = (message: string) => tell({ type: 'log', message })
    tell({ type: 'devices', devices: await devicesOfLibrary(findLibraryDir(libraryDir), log) })
    tell({ type: 'done' })
  } catch (error) {
    tell({ type: 'failed', failure: failureOf(error) })
  }
}

process.title = 'snug devices'
// Ctrl-C and service managers signal the whole group; the parent decides when this process goes.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', (message) => {
  if (isDevicesRequest(message)) void list(message)
})
