/** Entry of the child process that converts one model. */
import { rmSync } from 'node:fs'
import { convertFiles } from '../convert/convert-files.ts'
import { type ConvertProgress, isConvertRequest } from '../convert/convert-protocol.ts'
import { refused } from '../convert/refuse.ts'
import { EngineError } from '../errors.ts'
import { asError } from '../store/missing.ts'
import { serveOneShot } from './serve-one-shot.ts'

/** Reports of progress are for people to look at. */
const PROGRESS_STEP = 0.01

serveOneShot({
  title: 'snug converter',
  isRequest: isConvertRequest,
  async work({ files, to }, tell: (news: ConvertProgress) => void) {
    let told = 0
    await convertFiles(new Map(files), to, (fraction) => {
      if (fraction < told + PROGRESS_STEP) return
      told = fraction
      tell({ type: 'progress', fraction })
    })
  },
  // What the file system says comes with the same code as what is wrong with the source.
  toFailure(error) {
    const { code, message } = error instanceof EngineError ? error : refused(asError(error).message)
    return { code, message }
  },
  abandon: ({ to }) => rmSync(to, { force: true }),
})
