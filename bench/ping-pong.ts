/**
 * Three models, memory for two. First everybody asks for any of them for a while: no request may fail, and what the
 * models take may not exceed the memory there is. Then one model is asked again and again, alone and while the two
 * others push each other out of memory: its first token should not come later for that; and, to tell what loads do
 * from what any work beside it does on this machine, while a program only keeps a core busy. Exits with 1 when something
 * is not as it should be. Writes bench/results/ping-pong.md. Linux only.
 *
 *   npm run build && npx tsx bench/ping-pong.ts [--minutes 10] [--seconds 60]
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { SHAPE_100M } from '../test/helpers/random-model.ts'
import { ask } from './client.ts'
import { type Front, startFront } from './front.ts'
import { generatedModel } from './models.ts'
import { besideBusyCore } from './neighbour.ts'
import { childrenOf, residentBytes } from './proc.ts'
import { quantile, table, whereAndWhen } from './report.ts'

const NAMES = ['first', 'second', 'third'] as const
const CLIENTS = 4
const SAMPLE_MS = 100
const MIB = 2 ** 20
/** How much later the first token may come at the 99th percentile while another model loads. */
const SLOWER = 1.1

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seconds: { type: 'string', default: '60' } },
})

interface Resident {
  name: string
  size: number
  snug: { predicted: { RAM: number }; actual: { RAM: number } }
}

async function residents(front: Front): Promise<Resident[]> {
  const { body } = await request(`${front.url}/api/ps`)
  return ((await body.json()) as { models: Resident[] }).models
}

const models = Object.fromEntries(
  await Promise.all(
    NAMES.map(async (name) => [name, await generatedModel({ ...SHAPE_100M, name: `random-100m-${name}` })]),
  ),
) as Record<string, string>
const agent = new Agent()

/** The first model alone: what it is expected to take, and what its process takes beside the model. */
async function sizes(): Promise<{ needBytes: number; processBytes: number }> {
  const front = await startFront({ parallel: CLIENTS, models, ramBytes: 64 * 2 ** 30 })
  await ask({ url: front.url, agent, model: 'first', prompt: 'How large', tokens: 8, isStream: false })
  const [resident] = await residents(front)
  const [child] = childrenOf(front.pid)
  const taken = child === undefined ? 0 : residentBytes(child)
  await front.stop()
  if (resident === undefined) throw new Error('the model is not there')
  return {
    needBytes: resident.snug.predicted.RAM,
    processBytes: Math.max(0, taken - resident.snug.actual.RAM),
  }
}

const { needBytes, processBytes } = await sizes()
const ramBytes = Math.round(2.1 * needBytes)
const front = await startFront({ parallel: CLIENTS, models, ramBytes })
const problems: string[] = []
const most = { planned: 0, resident: 0, models: 0 }

/** Looks what is in memory until told to stop. */
async function watch(over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const planned = await residents(front)
    const children = childrenOf(front.pid)
    const resident = children.reduce((sum, pid) => sum + residentBytes(pid) - processBytes, 0)
    most.planned = Math.max(
      most.planned,
      planned.reduce((sum, { snug }) => sum + snug.predicted.RAM, 0),
    )
    most.resident = Math.max(most.resident, resident)
    most.models = Math.max(most.models, planned.length)
    await sleep(SAMPLE_MS)
  }
}

let answered = 0
async function mixed(over: AbortSignal): Promise<void> {
  const client = async (number: number) => {
    for (let n = 0; !over.aborted; n++) {
      const model = NAMES[Math.floor(Math.random() * NAMES.length)] ?? 'first'
      const tokens = 1 + Math.floor(Math.random() * 24)
      const job = { url: front.url, agent, model, prompt: `Client ${number} asks ${n}`, tokens }
      const outcome = await ask({ ...job, isStream: n % 2 === 0 }).catch((error: Error) => error.message)
      if (outcome === 'answered') answered += 1
      else problems.push(`a request was ${outcome}`)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
}

/** First tokens of the model that stays, one request after another, in milliseconds. */
async function firstTokens(over: AbortSignal): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; !over.aborted; n++) {
    const startedAt = performance.now()
    const onFirst = () => void times.push(performance.now() - startedAt)
    const job = { url: front.url, agent, model: 'first', prompt: `Are you there, ${n}`, tokens: 1 }
    await ask({ ...job, isStream: true, onFirst })
  }
  return times
}

/** The two others push each other out. */
let loads = 0
async function pushing(over: AbortSignal): Promise<void> {
  for (let n = 0; !over.aborted; n++) {
    const model = n % 2 === 0 ? 'second' : 'third'
    const outcome = await ask({ url: front.url, agent, model, prompt: 'In', tokens: 1, isStream: false })
    if (outcome === 'answered') loads += 1
    else problems.push(`a load was ${outcome}`)
  }
}

const watching = new AbortController()
const watched = watch(watching.signal)
await mixed(AbortSignal.timeout(Number(values.minutes) * 60_000))
const phase = () => AbortSignal.timeout(Number(values.seconds) * 1000)
const alone = await firstTokens(phase())
const during = phase()
const [beside] = await Promise.all([firstTokens(during), pushing(during)])
const besideBusy = await besideBusyCore(() => firstTokens(phase()))
watching.abort()
await watched
await agent.close()
const status = await front.stop()

const p99 = { alone: quantile(alone, 0.99), beside: quantile(beside, 0.99), busy: quantile(besideBusy, 0.99) }
if (most.planned > ramBytes) problems.push('more was planned than there is')
if (most.resident > ramBytes) problems.push('more was taken than there is')
if (p99.beside > SLOWER * p99.alone) problems.push('the first token comes later while others load')
if (status !== 0) problems.push(`the server left with ${status}`)
const mebibytes = (bytes: number) => (bytes / MIB).toFixed(0)
const text = `# Three models, memory for two

${whereAndWhen()}; ${values.minutes} min of mixed requests by ${CLIENTS} clients, then ${values.seconds} s each of first \
tokens; 0.1B shape, one thread a model. What a process takes beside its model (${mebibytes(processBytes)} MiB) is not \
counted.

${table(
  ['', ''],
  [
    ['memory, MiB', mebibytes(ramBytes)],
    ['a model is planned to take, MiB', mebibytes(needBytes)],
    ['mixed requests answered', String(answered)],
    ['requests that failed', String(problems.filter((problem) => /request|load was/.test(problem)).length)],
    ['most models at the same time', String(most.models)],
    ['most memory planned, MiB', mebibytes(most.planned)],
    ['most memory resident, MiB', mebibytes(most.resident)],
    ['loads while first tokens were measured', String(loads)],
    ['first token alone, p50 and p99, ms', `${quantile(alone, 0.5).toFixed(1)}, ${p99.alone.toFixed(1)}`],
    [
      'first token beside loads, p50 and p99, ms',
      `${quantile(beside, 0.5).toFixed(1)}, ${p99.beside.toFixed(1)}`,
    ],
    [
      'first token beside a program that keeps a core busy, p50 and p99, ms',
      `${quantile(besideBusy, 0.5).toFixed(1)}, ${p99.busy.toFixed(1)}`,
    ],
    ['p99 beside loads to alone', (p99.beside / p99.alone).toFixed(2)],
    ['p99 beside the busy core to alone', (p99.busy / p99.alone).toFixed(2)],
  ],
)}
${[...new Set(problems)].map((problem) => `\n- ${problem}`).join('')}`
writeFileSync(new URL('results/ping-pong.md', import.meta.url), `${text.trimEnd()}\n`)
console.log(text)
process.exit(problems.length > 0 ? 1 : 0)
