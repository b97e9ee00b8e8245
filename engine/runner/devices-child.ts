/**
 * Entry of the child process that says which devices the engine has. A driver that crashes or hangs while it is
 * looked for takes nothing with it, and the memory of its context is free again when this process has ended.
 */
import { devicesOfLibrary } from '../llama/devices.ts'
import { findLibraryDir } from '../llama/library-dir.ts'
import { type DevicesNews, isDevicesRequest } from './devices-protocol.ts'
import { serveOneShot } from './serve-one-shot.ts'

serveOneShot({
  title: 'snug devices',
  isRequest: isDevicesRequest,
  async work({ libraryDir }, tell: (news: DevicesNews) => void) {
    const log = (message: string) => tell({ type: 'log', message })
    tell({ type: 'devices', devices: await devicesOfLibrary(findLibraryDir(libraryDir), log) })
  },
})
