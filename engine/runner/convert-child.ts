/**
 * Entry of the child process that converts one model. The parent ends it when it has reported, or before that to
 * cancel.
 */
import { rmSync } from 'node:fs'
import { convertFiles } from '../convert/convert-files.ts'
import { type ConvertReport, type ConvertRequest, isConvertRequest } from '../convert/convert-protocol.ts'
import { refused } from '../convert/refuse.ts'
import { EngineError } from '../errors.ts'
import { asError } from '../store/missing.ts'
import type { Failure } from './protocol.ts'

/** Reports of progress are for people to look at. */
const PROGRESS_STEP = 0.01

let output: string | undefined

function tell(report: ConvertReport): void {
  process.send?.(report)
}

async function convert({ files, to }: ConvertRequest): Promise<void> {
  output = to
  let told = 0
  const onProgress = (fraction: number) => {
    if (fraction < told + PROGRESS_STEP) return
    told = fraction
    tell({ type: 'progress', fraction })
  }
  try {
    await convertFiles(new Map(files), to, onProgress)
    tell({ type: 'done' })
  } catch (error) {
    tell({ type: 'failed', failure: failureOf(error) })
  }
}

/** What the file system says comes with the same code as what is wrong with the source. */
function failureOf(error: unknown): Failure {
  const { code, message } = error instanceof EngineError ? error : refused(asError(error).message)
  return { code, message }
}

process.title = 'snug converter'
// Ctrl-C and service managers signal the whole group; the parent decides when this process goes.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
// The parent is gone, however it ended: nobody is left to take the file.
process.on('disconnect', () => {
  if (output !== undefined) rmSync(output, { force: true })
  process.exit(1)
})
process.on('message', (message) => {
  if (isConvertRequest(message)) void convert(message)
})
