/** The thread that hashes a file while it is downloaded; started by hasher.ts with the file's path. */
import { parentPort, workerData } from 'node:worker_threads'
import { type HashTask, openPieceHash } from './piece-hash.ts'

const hash = openPieceHash(String(workerData))
parentPort?.on('message', (task: HashTask) => parentPort?.postMessage(hash.run(task)))
