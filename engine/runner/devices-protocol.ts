import type { EngineDevice } from '../hardware/reconcile.ts'
import type { LastReport } from './one-shot.ts'
import { isNumber, isText, listOf, object, oneOf, optional } from './shape.ts'

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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

export const isDevicesRequest = (value: unknown): value is DevicesRequest =>
  isRecord(value) &&
  value.type === 'devices' &&
  (value.libraryDir === undefined || typeof value.libraryDir === 'string')

export function isDevicesReport(value: unknown): value is DevicesReport {
  if (!isRecord(value)) return false
  switch (value.type) {
    case 'devices':
      return isDevices(value.devices)
    case 'log':
      return typeof value.message === 'string'
    case 'failed':
      return isRecord(value.failure) && typeof value.failure.message === 'string'
    default:
      return value.type === 'done'
  }
}
