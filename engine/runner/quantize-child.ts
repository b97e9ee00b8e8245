/**
 * Entry of the child process that quantizes one file. Killing the process is the only way to stop llama.cpp here.
 */
import { rmSync } from 'node:fs'
import { defaultThreads, thisCpu } from '../hardware/threads.ts'
import { findLibraryDir } from '../llama/library-dir.ts'
import { quantizeFile } from '../llama/quantize.ts'
import { isQuantizeRequest, type QuantizeProgress } from './quantize-protocol.ts'
import { serveOneShot } from './serve-one-shot.ts'

serveOneShot({
  title: 'snug quantizer',
  isRequest: isQuantizeRequest,
  async work({ from, to, fileType, threads, libraryDir }, tell: (news: QuantizeProgress) => void) {
    await quantizeFile(
      { from, to, fileType, threads: threads > 0 ? threads : defaultThreads(thisCpu()) },
      {
        libraryDir: findLibraryDir(libraryDir),
        onTensor: (name) => tell({ type: 'tensor', name }),
        log: (message) => tell({ type: 'log', message }),
      },
    )
  },
  abandon: ({ to }) => rmSync(to, { force: true }),
})
