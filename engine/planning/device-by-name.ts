import type { DeviceByName } from '../fit/what-if.ts'
import { knownDevice } from '../hardware/device-table.ts'

/** What data sheets say of the device that people or tools call by a name; undefined unless it is exactly one. */
export const deviceByName: DeviceByName = knownDevice
