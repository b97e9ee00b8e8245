import { LAST_REPORTS, type LastReport } from './last-report.ts'
import { isNumber, isText, object, optional, tagged } from './shape.ts'

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

export const isQuantizeRequest = tagged<QuantizeRequest>({
  quantize: object({
    from: isText,
    to: isText,
    fileType: isNumber,
    threads: isNumber,
    libraryDir: optional(isText),
  }),
})

export const isQuantizeReport = tagged<QuantizeReport>({
  tensor: object({ name: isText }),
  log: object({ message: isText }),
  ...LAST_REPORTS,
})
