import type { LastReport } from './one-shot.ts'

/** What the quantizing child is told, once. */
export interface QuantizeRequest {
  type: 'quantize'
  from: string
  to: string
  /** A number of enum llama_ftype. */
  fileType: number
  /** 0 chooses by the machine. */
  threads: number
  libraryDir?: string
}

export type QuantizeProgress =
  /** The turn of this tensor has come. */
  { type: 'tensor'; name: string } | { type: 'log'; message: string }

export type QuantizeReport = QuantizeProgress | LastReport

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

export const isQuantizeRequest = (value: unknown): value is QuantizeRequest =>
  isRecord(value) &&
  value.type === 'quantize' &&
  typeof value.from === 'string' &&
  typeof value.to === 'string' &&
  typeof value.fileType === 'number' &&
  typeof value.threads === 'number' &&
  (value.libraryDir === undefined || typeof value.libraryDir === 'string')

export function isQuantizeReport(value: unknown): value is QuantizeReport {
  if (!isRecord(value)) return false
  switch (value.type) {
    case 'tensor':
      return typeof value.name === 'string'
    case 'log':
      return typeof value.message === 'string'
    case 'failed':
      return isRecord(value.failure) && typeof value.failure.message === 'string'
    default:
      return value.type === 'done'
  }
}
