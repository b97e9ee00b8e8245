/** A registry in a process of its own that serves one file: `node … bench/file-registry.ts FILE DIGEST`. */
import { createReadStream, statSync } from 'node:fs'
import { startRegistry } from './registry.ts'

const [file = '', digest = ''] = process.argv.slice(2)
const { host } = await startRegistry({
  digest,
  size: statSync(file).size,
  send: (response, start, end) =>
    void createReadStream(file, { start, end, highWaterMark: 1024 * 1024 }).pipe(response),
})
console.log(host)
