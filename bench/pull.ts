/**
 * How fast a big model comes from a registry on the same machine: Snug's pull, verified and synced to disk, against
 * curl, in turns. Prints a Markdown table and writes it to bench/results/pull.md. Linux only.
 *
 *   npm run build && npx tsx bench/pull.ts [--gib 1] [--rounds 5] [--folder FOLDER] [--output FOLDER]
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { str, u32, writeGguf } from '../test/helpers/gguf.ts'
import { linesOf, owned, spawnNode, stopped } from './child.ts'
import { read, residentBytes } from './proc.ts'
import { median, shown, table, whereAndWhen } from './report.ts'

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string', default: fileURLToPath(new URL('.cache/', import.meta.url)) },
    output: { type: 'string', default: fileURLToPath(new URL('results/', import.meta.url)) },
  },
})
mkdirSync(values.folder, { recursive: true })
// The same disk for both, and not a temporary folder, which may be memory.
const folder = mkdtempSync(join(values.folder, 'pull-'))
const BLOCK = 4 * 1024 * 1024

/** A GGUF file without tensors, and noise behind it. */
function writeModel(path: string, bytes: number): string {
  const metadata = { 'general.architecture': str('llama'), 'llama.block_count': u32(1) }
  const hash = createHash('sha256')
  const file = openSync(path, 'w')
  const write = (block: Buffer) => {
    hash.update(block)
    writeSync(file, block)
  }
  write(writeGguf({ metadata }))
  const block = Buffer.alloc(BLOCK)
  for (let at = 0; at < BLOCK; at += 4) block.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at)
  for (let written = 0; written < bytes; written += BLOCK) {
    block.writeDoubleLE(written, 0)
    write(block)
  }
  closeSync(file)
  return `sha256:${hash.digest('hex')}`
}

/** Seconds that `work` takes. */
async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = owned(spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
}

const peakBytes = (pid: number) =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024

const source = join(folder, 'source.gguf')
const digest = writeModel(source, Number(values.gib) * 2 ** 30)
const size = Number(values.gib) * 2 ** 30
const registry = spawnNode(['--import', 'tsx', 'bench/file-registry.ts', source, digest], 'ignore')
const host = await linesOf(registry)()
const snug = spawnNode(['dist/src/main.js', 'serve'], 'ignore', {
  OLLAMA_MODELS: join(folder, 'models'),
  OLLAMA_HOST: '127.0.0.1:0',
  OLLAMA_DEBUG: '-1',
})
const greeting = await linesOf(snug)()
const url = /http:\S+/.exec(greeting)?.[0] ?? ''
const pid = snug.pid ?? 0

const model = `${host}/library/big`
const post = async (method: string, path: string, body: object) => {
  const reply = await fetch(url + path, { method, body: JSON.stringify(body) })
  const text = await reply.text()
  if (!reply.ok) throw new Error(text)
}
const target = join(folder, 'curl.gguf')
const fetched = `http://${host}/v2/library/big/blobs/${digest}`
const curl = () => run('curl', ['-sf', '-r', `0-${statSync(source).size - 1}`, '-o', target, fetched])

const CONTESTANTS = {
  curl,
  'curl, then sync and sha256sum': async () => {
    await curl()
    await run('sync', [target])
    await run('sha256sum', [target])
  },
  Snug: () => post('POST', '/api/pull', { model, insecure: true, stream: false }),
} as const
const names = Object.keys(CONTESTANTS) as (keyof typeof CONTESTANTS)[]
const seconds: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]))
const memory: number[] = []
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const name of round % 2 === 0 ? names : names.toReversed()) {
    // What one has written must not be the next one's burden.
    spawnSync('sync')
    const took = await timed(CONTESTANTS[name])
    if (round > 0) seconds[name]?.push(took)
    if (name === 'Snug') {
      memory.push(residentBytes(pid))
      await post('DELETE', '/api/delete', { model })
    } else rmSync(target)
  }
  console.error(`round ${round}`)
}
const peak = peakBytes(pid)
await stopped(snug)
await stopped(registry)
rmSync(folder, { recursive: true })

const best = median(seconds.curl ?? [])
const rows = names.map((name) => {
  const took = median(seconds[name] ?? [])
  return [name, shown(took, 2), shown(size / 1e6 / took, 0), `${shown((best / took) * 100, 0)} %`]
})
const mib = (bytes = 0) => Math.round(bytes / 2 ** 20)
const text = `# Pulling a big model

${whereAndWhen()}, load average ${os.loadavg()[0]?.toFixed(1)}. ${values.gib} GiB from a registry process on loopback to the \
same disk (${values.folder.startsWith('/dev/shm') ? 'memory: no disk at all' : 'a real one'}), ${values.rounds} rounds in turns after one to warm up; medians. Snug is the whole server, asked for \`POST /api/pull\`: it \
hashes, syncs and keeps track of pieces.

${table(['', 'seconds', 'MB/s', 'of curl'], rows)}

Resident memory of the server: ${mib(memory[0])} MiB after the first pull, ${mib(memory.at(-1))} MiB after the last, ${mib(peak)} MiB at most.
`
mkdirSync(values.output, { recursive: true })
writeFileSync(join(values.output, 'pull.md'), text)
console.log(text)
