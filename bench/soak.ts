/**
 * Many bounded requests, then many that leave in the middle, then many that leave while they wait. Exits with 1 when
 * the server's memory grows with the requests, or when a slot is not free afterwards. Prints a Markdown table and writes it to bench/results/soak.md.
 * Linux only.
 *
 *   npm run build && npx tsx bench/soak.ts [--requests 20000] [--cancels 1000] [--queued 10000]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Agent } from 'undici'
import { ask } from './client.ts'
import { crowds } from './crowd.ts'
import { startFront } from './front.ts'
import { openFiles, residentBytes } from './proc.ts'
import { slope, table } from './report.ts'

const STREAMS = 8
const SAMPLE_EVERY = 50
/** Growth of the live heap over the whole run that is not a leak: what the requests under way hold differs. */
const NOISE_BYTES = 2 * 2 ** 20

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    cancels: { type: 'string', default: '1000' },
    queued: { type: 'string', default: '10000' },
  },
})
const requests = Number(values.requests)
const cancels = Number(values.cancels)
const queued = Number(values.queued)

const front = await startFront({ parallel: STREAMS })
let agent = new Agent()
const memory: [request: number, bytes: number][] = []
const startedAt = performance.now()

/** Runs `count` jobs, so many at a time as there are slots. */
async function inStreams(count: number, job: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const stream = async () => {
    while (next < count) await job(next++)
  }
  await Promise.all(Array.from({ length: STREAMS }, stream))
}

await inStreams(requests, async (n) => {
  const prompt = `Question ${n}: ${'why '.repeat(n % 10)}`
  const outcome = await ask({
    url: front.url,
    agent,
    model: 'snug-tiny',
    prompt,
    tokens: 1 + (n % 8),
    isStream: n % 3 > 0,
  })
  if (outcome !== 'answered') throw new Error(`request ${n} was ${outcome}`)
  if (n % SAMPLE_EVERY === 0) memory.push([n, await front.liveBytes()])
})
const resident = residentBytes(front.pid)
await agent.close()
const filesBefore = await openFiles(front.pid)
agent = new Agent()

let cancelled = 0
await inStreams(cancels, async (n) => {
  const client = new AbortController()
  const timer = setTimeout(() => client.abort(), Math.random() * 60)
  const request = {
    url: front.url,
    agent,
    model: 'endless',
    prompt: `Say ${n}`,
    tokens: -1,
    isStream: n % 3 > 0,
  }
  if ((await ask({ ...request, signal: client.signal })) === 'cancelled') cancelled += 1
  clearTimeout(timer)
})
const crowd = await crowds(front, STREAMS, queued)
const freeSlots = await slotsThatAnswer()
await agent.close()
// The second model has a process of its own: a channel and its standard error.
const filesAfter = (await openFiles(front.pid)) - 2
const status = await front.stop()

const settled = memory.slice(Math.floor(memory.length * 0.3))
const bytesPerRequest = slope(settled)
const problems = [
  bytesPerRequest * requests > NOISE_BYTES ? 'the memory of the server grows with the requests' : '',
  crowd.bytesPerRequest * queued > NOISE_BYTES ? 'the memory of the server grows with those that wait' : '',
  crowd.left < queued ? `${queued - crowd.left} of those that waited did not leave` : '',
  crowd.busySlots < STREAMS ? 'a stream in front of the queue lost its slot' : '',
  freeSlots < STREAMS ? `only ${freeSlots} of ${STREAMS} slots are free after the cancellations` : '',
  cancelled < cancels ? `${cancels - cancelled} endless answers ended by themselves` : '',
  filesAfter > filesBefore ? `open files: ${filesBefore} → ${filesAfter}` : '',
  status === 0 ? '' : `the server left with ${status}`,
].filter((problem) => problem !== '')

const rows = [
  ['requests answered', requests],
  ['live heap of the server after the warm-up, MiB', mebibytes(settled[0]?.[1])],
  ['… at the end, MiB', mebibytes(settled.at(-1)?.[1])],
  ['… growth by 1,000 requests, KiB', ((bytesPerRequest * 1000) / 1024).toFixed(1)],
  ['resident memory of the server, MiB', mebibytes(resident)],
  ['requests whose client left', cancelled],
  ['requests whose client left while they waited', crowd.left],
  ['… growth of the live heap by 1,000 of them, KiB', ((crowd.bytesPerRequest * 1000) / 1024).toFixed(1)],
  ['slots free afterwards', `${freeSlots} of ${STREAMS}`],
].map((row) => row.map(String))
const text = `# Many requests

${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0]?.model.trim() ?? 'unknown CPU'} (${os.availableParallelism()} cores), \
Node ${process.version}, load average ${os.loadavg()[0]?.toFixed(1)}, ${Math.round((performance.now() - startedAt) / 1000)} s. \
${STREAMS} streams, one thread, snug-tiny; those that leave ask a model that never stops.

${table(['', ''], rows)}
${problems.map((problem) => `\n- ${problem}`).join('')}`
const folder = fileURLToPath(new URL('results/', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}soak.md`, `${text.trimEnd()}\n`)
console.log(text)
process.exit(problems.length > 0 ? 1 : 0)

/** How many endless answers run at the same time: each has a slot, and none of them gives it up. */
async function slotsThatAnswer(): Promise<number> {
  let running = 0
  const clients = Array.from({ length: STREAMS }, (_, slot) => {
    const client = new AbortController()
    const onFirst = () => {
      running += 1
      if (running === STREAMS) leave()
    }
    const request = {
      url: front.url,
      agent,
      model: 'endless',
      prompt: `Slot ${slot}`,
      tokens: -1,
      isStream: true,
      onFirst,
    }
    return { client, ended: ask({ ...request, signal: client.signal }) }
  })
  const leave = () => {
    for (const { client } of clients) client.abort()
  }
  const patience = setTimeout(leave, 20_000)
  await Promise.all(clients.map(({ ended }) => ended))
  clearTimeout(patience)
  return running
}

function mebibytes(bytes = 0): string {
  return (bytes / 2 ** 20).toFixed(1)
}
