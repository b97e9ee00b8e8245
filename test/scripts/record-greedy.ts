/**
 * Records what llama.cpp's own server answers greedily with the bundled model, for test/engine/llama/greedy.test.ts:
 *
 *     npx tsx test/scripts/record-greedy.ts --server /path/to/llama-server
 *
 * To be run again when models/snug-tiny.gguf changes.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { request } from 'undici'
import { GREEDY_FILE, GREEDY_TOKENS, type GreedyAnswer, type GreedyFixture } from '../helpers/greedy.ts'
import { SNUG_TINY } from '../helpers/snug-tiny.ts'
import { GREEDY_PROMPTS } from './greedy-prompts.ts'

const KEPT = 50
/** Two builds of llama.cpp may disagree about which of two tokens is likelier when their probabilities are closer. */
const NEAR_TIE = 1e-3
const START_MS = 60_000
const POLL_MS = 100

const say = (text: string) => process.stdout.write(`${text}\n`)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

async function startServer(path: string): Promise<{ url: string; process: ChildProcess }> {
  const port = await freePort()
  const settings = ['--ctx-size', '4096', '--parallel', '1', '--threads', '1', '--batch-size', '512']
  const child = spawn(
    path,
    ['--model', SNUG_TINY, '--host', '127.0.0.1', '--port', String(port), '--cache-ram', '0', ...settings],
    { stdio: 'ignore' },
  )
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && child.exitCode === null) {
    const isReady = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return { url, process: child }
    await delay(POLL_MS)
  }
  child.kill('SIGKILL')
  throw new Error(`${path} does not become ready`)
}

interface Completion {
  tokens: number[]
  tokens_evaluated: number
  stop_type: string
  completion_probabilities?: { top_logprobs: { logprob: number }[] }[]
}

async function record(url: string, prompt: string): Promise<GreedyAnswer | undefined> {
  const { statusCode, body } = await request(`${url}/completion`, {
    method: 'POST',
    // A connection that is used again may have been closed on the other side.
    reset: true,
    body: JSON.stringify({
      prompt,
      n_predict: GREEDY_TOKENS,
      temperature: 0,
      repeat_penalty: 1,
      cache_prompt: false,
      n_probs: 2,
      return_tokens: true,
    }),
  })
  if (statusCode !== 200) throw new Error(await body.text())
  const {
    tokens,
    tokens_evaluated,
    stop_type,
    completion_probabilities = [],
  } = (await body.json()) as Completion
  // The server leaves out the probabilities of tokens that end inside a character.
  if (completion_probabilities.length !== tokens.length) return undefined
  const gaps = completion_probabilities.map(({ top_logprobs: [first, second] }) =>
    first === undefined || second === undefined ? 0 : Math.exp(first.logprob) - Math.exp(second.logprob),
  )
  const ended = stop_type === 'eos'
  return {
    prompt,
    promptTokens: tokens_evaluated,
    // The token that ends the answer is no part of it.
    tokens: ended ? tokens.slice(0, -1) : tokens,
    reason: ended ? 'stop' : 'length',
    gap: Number(Math.min(...gaps).toPrecision(3)),
  }
}

async function recordAll(
  url: string,
): Promise<{ answers: GreedyAnswer[]; nearTies: number; unclear: number }> {
  const answers: GreedyAnswer[] = []
  let nearTies = 0
  let unclear = 0
  for (const prompt of GREEDY_PROMPTS) {
    const answer = await record(url, prompt)
    if (answer === undefined) unclear += 1
    else if (answer.gap < NEAR_TIE) nearTies += 1
    else answers.push(answer)
    say(`${answer?.gap ?? '?'}\t${JSON.stringify(prompt.slice(-60))}`)
  }
  return { answers, nearTies, unclear }
}

const { server } = parseArgs({ options: { server: { type: 'string' } } }).values
if (server === undefined) throw new Error('--server /path/to/llama-server is missing')
const { stdout, stderr } = spawnSync(server, ['--version'], { encoding: 'utf8' })
const version = /version: .*/.exec(stdout + stderr)?.[0] ?? 'unknown version'
const { url, process: child } = await startServer(server)
try {
  const { answers, nearTies, unclear } = await recordAll(url)
  if (answers.length < KEPT) throw new Error(`only ${answers.length} of the answers can be kept`)
  const kept = spread(answers)
  const { answers: _, ...head }: GreedyFixture = {
    description:
      `Greedy answers of llama-server (${version}), at most ${GREEDY_TOKENS} tokens, as recorded by ` +
      `test/scripts/record-greedy.ts. gap: the smallest distance between the probabilities of the two likeliest ` +
      `tokens in the answer. Of ${GREEDY_PROMPTS.length} prompts, ${nearTies} were left out because it is below ` +
      `${NEAR_TIE}, ${unclear} because the server did not report it, and the rest down to ${KEPT} evenly.`,
    weights: createHash('sha256').update(readFileSync(SNUG_TINY)).digest('hex'),
    answers: kept,
  }
  const lines = kept.map((answer) => `    ${JSON.stringify(answer)}`).join(',\n')
  const text = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "answers": [\n${lines}\n  ]\n}\n`
  writeFileSync(GREEDY_FILE, text)
  say(`${kept.length} answers in ${fileURLToPath(GREEDY_FILE)}: ${nearTies} near-ties, ${unclear} unclear`)
} finally {
  child.kill('SIGKILL')
}

/** As many as are kept, from all over the list, so that every kind of prompt stays. */
function spread(answers: readonly GreedyAnswer[]): GreedyAnswer[] {
  return answers.filter(
    (_, i) => Math.floor(((i + 1) * KEPT) / answers.length) > Math.floor((i * KEPT) / answers.length),
  )
}
