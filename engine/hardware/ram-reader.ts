/** A thread that reads memory as fast as it can, until a shared word says stop. */
import { parentPort, workerData } from 'node:worker_threads'
import { COMMAND, type ReaderMessage, type ReaderTask } from './ram-reader-protocol.ts'

/** So much is read between two looks at the shared word: about 0.1 ms. */
const STRIDE = 1 << 20

const post = (message: ReaderMessage) => parentPort?.postMessage(message)

function work({ bytes, shared }: ReaderTask): void {
  const state = new Int32Array(shared)
  // Written once, so that every page has memory of its own; a byte that is nowhere is then looked for with the C
  // library's memchr, which reads as fast as the processor can.
  const memory = Buffer.alloc(bytes, 0xff)
  const strides = Array.from({ length: Math.floor(bytes / STRIDE) }, (_, i) =>
    memory.subarray(i * STRIDE, (i + 1) * STRIDE),
  )
  post({ type: 'ready' })
  Atomics.wait(state, 0, COMMAND.wait)
  const startedAt = performance.now()
  let read = 0
  while (Atomics.load(state, 0) === COMMAND.read) {
    const stride = strides[(read / STRIDE) % strides.length]
    if (stride === undefined || stride.includes(0)) break
    read += STRIDE
  }
  post({ type: 'result', bytes: read, ms: performance.now() - startedAt })
}

work(workerData as ReaderTask)
