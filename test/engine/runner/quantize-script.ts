/** Quantizes in a process of its own, for tests that limit or kill it. Prints one JSON value a line. */
import { quantizeInChild } from '../../../engine/runner/quantize.ts'

const [from = '', to = ''] = process.argv.slice(2)
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
quantizeInChild(
  { from, to, type: 'Q4_K_M' },
  {
    threads: 1,
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress: (progress) => print({ progress }),
    log() {},
  },
).then(print, (error: Error) => print({ error: error.message }))
