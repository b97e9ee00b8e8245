import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { installBundledModel } from '../engine/store/bundled.ts'
import { linesOf, owned, root, spawnNode, stopped } from './child.ts'
import { BATCH_TOKENS, type Conditions, type Contestant, totalContext } from './contestant.ts'
import { overHttp } from './http-stream.ts'

/** How long a server may take to load the model. */
const READY_MS = 120_000

/** Whether Snug computes tokens ahead, as users have it, or is held to one token a step and stream, as the others are. */
export type Speculation = 'auto' | 'off'

/** The built server, as users run it, with the model installed in a folder of its own. */
export async function startSnug(conditions: Conditions, speculation: Speculation): Promise<Contestant> {
  const { modelPath, threads, slots, contextLength } = conditions
  const folder = mkdtempSync(join(tmpdir(), 'snug-bench-'))
  await installBundledModel({ folder, name: 'bench', file: modelPath, log: { info() {}, warn() {} } })
  const child = spawnNode(['dist/src/main.js', 'serve'], 'ignore', {
    OLLAMA_HOST: '127.0.0.1:0',
    OLLAMA_MODELS: folder,
    OLLAMA_NUM_PARALLEL: String(slots),
    OLLAMA_KEEP_ALIVE: '-1',
    OLLAMA_DEBUG: '-1',
    // No memory beside the slots', as with everybody.
    SNUG_KV_CACHE_RAM: '0',
    SNUG_THREADS: String(threads),
    SNUG_SPECULATION: speculation,
  })
  const url = /http:\S+/.exec(await linesOf(child)())?.[0]
  if (url === undefined) throw new Error('the server did not say where it listens')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return {
    name: speculation === 'off' ? 'Snug, no speculation' : 'Snug',
    about: `Snug ${version} over HTTP, POST /api/generate, ${
      speculation === 'off'
        ? 'one token a step (SNUG_SPECULATION=off)'
        : 'tokens computed ahead where a text repeats itself (SNUG_SPECULATION=auto, its default)'
    }`,
    ...overHttp({
      url: `${url}/api/generate`,
      body: ({ prompt, tokens }) => ({
        model: 'bench',
        prompt,
        raw: true,
        options: { temperature: 0, num_predict: tokens, num_ctx: contextLength, num_batch: BATCH_TOKENS },
      }),
      isLast: (line) => line.includes('"done":true'),
      outputTokens: (last) => (JSON.parse(last) as { eval_count: number }).eval_count,
    }),
    pid: child.pid ?? 0,
    async stop() {
      await stopped(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** `program` is a llama-server. Prompt cache in its slots only, as the others have it; no web page. */
export async function startLlamaServer(program: string, conditions: Conditions): Promise<Contestant> {
  const { modelPath, threads, slots } = conditions
  const port = await freePort()
  const args = [
    ['--model', modelPath],
    ['--ctx-size', String(totalContext(conditions))],
    ['--parallel', String(slots)],
    ['--kv-unified'],
    ['--batch-size', String(BATCH_TOKENS)],
    ['--ubatch-size', String(BATCH_TOKENS)],
    ['--threads', String(threads)],
    ['--threads-batch', String(threads)],
    ['--flash-attn', 'auto'],
    ['--cache-type-k', 'f16'],
    ['--cache-type-v', 'f16'],
    ['--cache-ram', '0'],
    ['--fit', 'off'],
    ['--no-ui'],
    ['--host', '127.0.0.1'],
    ['--port', String(port)],
  ].flat()
  const child = owned(spawn(program, args, { stdio: 'ignore' }))
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`llama-server ended with status ${code}`)))
  })
  // It may fail later, when nobody waits here any more; whoever asks it then will notice.
  failed.catch(() => {})
  const url = `http://127.0.0.1:${port}`
  await Promise.race([isReady(url), failed])
  return {
    name: 'llama-server',
    about: `llama-server ${await buildOf(url)} over HTTP, POST /completion`,
    ...overHttp({
      url: `${url}/completion`,
      body: ({ prompt, tokens }) => ({
        prompt,
        n_predict: tokens,
        stream: true,
        cache_prompt: true,
        // The best token and nothing else: its cheapest way to be greedy.
        samplers: ['top_k'],
        top_k: 1,
      }),
      isLast: (line) => line.includes('"stop":true'),
      outputTokens: (last) =>
        (JSON.parse(last.replace(/^data: /, '')) as { tokens_predicted: number }).tokens_predicted,
    }),
    pid: child.pid ?? 0,
    stop: () => stopped(child),
  }
}

async function isReady(url: string): Promise<void> {
  const giveUpAt = performance.now() + READY_MS
  while (performance.now() < giveUpAt) {
    const status = await request(`${url}/health`).then(
      async ({ statusCode, body }) => {
        await body.dump()
        return statusCode
      },
      () => 0,
    )
    if (status === 200) return
    await sleep(100)
  }
  throw new Error('llama-server did not get ready')
}

async function buildOf(url: string): Promise<string> {
  const { body } = await request(`${url}/props`)
  const { build_info } = (await body.json()) as { build_info?: string }
  return build_info ?? '(unknown build)'
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
