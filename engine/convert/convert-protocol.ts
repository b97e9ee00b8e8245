import { LAST_REPORTS, type LastReport } from '../runner/last-report.ts'
import { type Check, isNumber, isText, listOf, object, tagged } from '../runner/shape.ts'

/** What the converting child is told, once. */
export interface ConvertRequest {
  type: 'convert'
  files: [name: string, path: string][]
  to: string
}

export interface ConvertProgress {
  type: 'progress'
  fraction: number
}

export type ConvertReport = ConvertProgress | LastReport

const isPair: Check = (value) => listOf(isText)(value) && (value as string[]).length === 2

export const isConvertRequest = tagged<ConvertRequest>({
  convert: object({ files: listOf(isPair), to: isText }),
})

export const isConvertReport = tagged<ConvertReport>({
  progress: object({ fraction: isNumber }),
  ...LAST_REPORTS,
})
