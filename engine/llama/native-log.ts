import type { BufferSize } from '../backend.ts'
import { addBuffer, parseBufferSize } from './buffers.ts'
import { LOG_LEVEL } from './layout.ts'
import type { Library } from './library.ts'

/** Lines kept to explain a failed load. */
const KEPT_LINES = 20

/** What the native library says of itself. */
export interface NativeLog {
  /** Memory taken so far. */
  readonly buffers: BufferSize[]
  /** The line that most likely explains a failure; undefined when nothing was said. */
  reason(): string | undefined
}

/** Listens for as long as the process lives. `log` gets warnings and errors as they come; it says false to one of no interest. */
export function listenToLog(library: Library, log: (line: string) => unknown): NativeLog {
  const buffers: BufferSize[] = []
  const recent: string[] = []
  library.setLog(
    library.register.log((level, text) => {
      const line = text.trimEnd()
      const buffer = parseBufferSize(line)
      if (buffer !== undefined) addBuffer(buffers, buffer)
      if (level < LOG_LEVEL.warning || level > LOG_LEVEL.error || line === '' || log(line) === false) return
      recent.push(line)
      if (recent.length > KEPT_LINES) recent.shift()
    }),
    null,
  )
  return {
    buffers,
    reason() {
      const last = recent.findLast((line) => /error|fail|unknown|unable|cannot/i.test(line)) ?? recent.at(-1)
      // The last line often says no more than that there was no memory, and one before it where.
      const where = recent.findLast((line) =>
        /failed to allocate \S+ buffer of size|Malloc failed/.test(line),
      )
      return where === undefined || where === last ? last : `${last}: ${where}`
    },
  }
}
