import type { EngineDevice } from '../hardware/reconcile.ts'
import { LAST_REPORTS, type LastReport } from './last-report.ts'
import { isNumber, isText, listOf, object, oneOf, optional, tagged } from './shape.ts'

/** What the child that lists devices is told, once. */
export interface DevicesRequest {
  type: 'devices'
  libraryDir?: string
}

export type DevicesNews = { type: 'devices'; devices: EngineDevice[] } | { type: 'log'; message: string }
export type DevicesReport = DevicesNews | LastReport

const isBytes = (value: unknown) => isNumber(value) && (value as number) >= 0

export const isDevices = listOf(
  object<EngineDevice>({
    name: isText,
    description: isText,
    totalBytes: isBytes,
    freeBytes: isBytes,
    type: optional(oneOf('cpu', 'gpu', 'integrated-gpu', 'accelerator')),
    pciAddress: optional(isText),
  }),
)

export const isDevicesRequest = tagged<DevicesRequest>({ devices: object({ libraryDir: optional(isText) }) })

export const isDevicesReport = tagged<DevicesReport>({
  devices: object({ devices: isDevices }),
  log: object({ message: isText }),
  ...LAST_REPORTS,
})
