/**
 * One client with fifty long requests at a time, nine with one short request after another: who is served how much,
 * and how long the nine wait for their first token beside the heavy one and without it. Exits with 1 when shares are
 * unequal or waits too long. Writes bench/results/fairness.md. Linux only.
 *
 *   npm run build && npx tsx bench/fairness.ts [--seconds 60] [--slots 4]
 */
import { setMaxListeners } from 'node:events'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { startFront } from './front.ts'
import { median, table, whereAndWhen } from './report.ts'

const LIGHT_CLIENTS = 9
const HEAVY_STREAMS = 50
const TOKENS = { light: 32, heavy: 256 }
/** What a good scheduler reaches: Jain's index of served cost, and waiting beside the heavy client to without it. */
const GOAL = { jain: 0.95, wait: 2 }

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, slots: { type: 'string', default: '4' } },
})
const seconds = Number(values.seconds)
const slots = Number(values.slots)

/** One who asks, and what he got. */
interface Client {
  name: string
  tokens: number
  /** Tokens generated for him, and those of his prompts that were evaluated. */
  servedTokens: number
  firstTokenMs: number[]
}

const clientNamed = (name: string, tokens: number): Client => ({
  name,
  tokens,
  servedTokens: 0,
  firstTokenMs: [],
})

const front = await startFront({ parallel: slots })
const agent = new Agent({ connections: LIGHT_CLIENTS + HEAVY_STREAMS })

/** One request from beginning to end, or until `signal` aborts. */
async function ask(client: Client, n: number, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now()
  const { statusCode, body } = await request(`${front.url}/api/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-snug-client': client.name },
    body: JSON.stringify({
      model: 'endless',
      prompt: `${client.name} asks for the ${n}th time`,
      raw: true,
      options: { num_predict: client.tokens },
    }),
    dispatcher: agent,
    signal,
  })
  let isFirst = true
  let rest = ''
  for await (const piece of body) {
    const lines = (rest + String(piece)).split('\n')
    rest = lines.pop() ?? ''
    if (statusCode !== 200) continue
    if (isFirst) client.firstTokenMs.push(performance.now() - startedAt)
    isFirst = false
    for (const line of lines) client.servedTokens += costOf(line)
  }
  if (statusCode !== 200) throw new Error(`status ${statusCode}: ${rest}`)
}

/** Every line is a token but the last one, which tells how long the prompt was. */
function costOf(line: string): number {
  const { done, prompt_eval_count: promptTokens = 0 } = JSON.parse(line) as {
    done: boolean
    prompt_eval_count?: number
  }
  return done ? promptTokens : 1
}

/** Everybody asks again and again until the time is over. */
async function contend(streams: readonly Client[]): Promise<void> {
  const over = AbortSignal.timeout(seconds * 1000)
  // Every request listens, many at a time.
  setMaxListeners(0, over)
  await Promise.all(
    streams.map(async (client, stream) => {
      for (let n = 0; !over.aborted; n++) {
        await ask(client, n * streams.length + stream, over).catch((error: unknown) => {
          if (!over.aborted) throw error
        })
      }
    }),
  )
}

const lightClients = (prefix: string) =>
  Array.from({ length: LIGHT_CLIENTS }, (_, i) => clientNamed(`${prefix}-${i}`, TOKENS.light))

await ask(clientNamed('first', 1), 0, AbortSignal.timeout(60_000))
const alone = lightClients('alone')
await contend(alone)
const light = lightClients('light')
const heavy = clientNamed('heavy', TOKENS.heavy)
await contend([...light, ...Array.from({ length: HEAVY_STREAMS }, () => heavy)])
await agent.close()
const status = await front.stop()

const served = [...light, heavy].map(({ servedTokens }) => servedTokens)
const waitOf = (clients: readonly Client[]) => median(clients.flatMap(({ firstTokenMs }) => firstTokenMs))
const jain = jainIndex(served)
const wait = { alone: waitOf(alone), beside: waitOf(light) }
const problems = [
  jain >= GOAL.jain ? '' : `Jain's index is below ${GOAL.jain}`,
  wait.beside <= GOAL.wait * wait.alone ? '' : `light clients wait more than ${GOAL.wait} times as long`,
  status === 0 ? '' : `the server left with ${status}`,
].filter(Boolean)
const text = `# One heavy client, nine light ones

${whereAndWhen()}; ${slots} slots, one thread, ${seconds} s without and ${seconds} s with the heavy client. The heavy \
one keeps ${HEAVY_STREAMS} requests of ${TOKENS.heavy} tokens open, each light one asks for ${TOKENS.light} tokens, \
one request after another.

${table(
  ['', ''],
  [
    ["Jain's index of the tokens served to the ten (1 is equal)", jain.toFixed(3)],
    ['tokens served to the heavy client', String(heavy.servedTokens)],
    [
      'tokens served to a light client, median',
      String(median(light.map(({ servedTokens }) => servedTokens))),
    ],
    ['first token of light clients without the heavy one, median ms', wait.alone.toFixed(0)],
    ['first token of light clients beside the heavy one, median ms', wait.beside.toFixed(0)],
    ['ratio of the two', (wait.beside / wait.alone).toFixed(2)],
  ],
)}
${problems.map((problem) => `\n- ${problem}`).join('')}`
writeFileSync(new URL('results/fairness.md', import.meta.url), `${text.trimEnd()}\n`)
console.log(text)
process.exit(problems.length > 0 ? 1 : 0)

/** Jain, Chiu, Hawe 1984: (Σx)² / (n Σx²). */
function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0)
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b ** 2, 0))
}
