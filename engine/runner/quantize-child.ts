/**
 * Entry of the child process that quantizes one file. The parent ends it when it has reported, or before that to
 * cancel; killing the process is the only way to stop llama.cpp here.
 */
import { rmSync } from 'node:fs'
import { defaultThreads, thisCpu } from '../hardware/threads.ts'
import { findLibraryDir } from '../llama/library-dir.ts'
import { quantizeFile } from '../llama/quantize.ts'
import { failureOf } from './protocol.ts'
import { isQuantizeRequest, type QuantizeReport, type QuantizeRequest } from './quantize-protocol.ts'

let output: string | undefined

function tell(report: QuantizeReport): void {
  process.send?.(report)
}

async function quantize({ from, to, fileType, threads, libraryDir }: QuantizeRequest): Promise<void> {
  output = to
  try {
    await quantizeFile(
      { from, to, fileType, threads: threads > 0 ? threads : defaultThreads(thisCpu()) },
      {
        libraryDir: findLibraryDir(libraryDir),
        onTensor: (name) => tell({ type: 'tensor', name }),
        log: (message) => tell({ type: 'log', message }),
      },
    )
    tell({ type: 'done' })
  } catch (error) {
    tell({ type: 'failed', failure: failureOf(error) })
  }
}

process.title = 'snug quantizer'
// Ctrl-C and service managers signal the whole group; the parent decides when this process goes.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
// The parent is gone, however it ended: nobody is left to take the file.
process.on('disconnect', () => {
  try {
    if (output !== undefined) rmSync(output, { force: true })
  } finally {
    // Not process.exit: it would run the native library's destructors under threads that still compute.
    process.kill(process.pid, 'SIGKILL')
  }
})
process.on('message', (message) => {
  if (isQuantizeRequest(message)) void quantize(message)
})
