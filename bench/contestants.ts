import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { installBundledModel } from '../engine/store/bundled.ts'

export interface Measurement {
  firstTokenMs: number
  decodeTokensPerSecond: number
}

export interface Contestant {
  name: string
  /** Generates greedily; times are those of whoever asked. */
  run(prompt: string, tokens: number): Promise<Measurement>
  stop(): Promise<void>
}

export interface Settings {
  modelPath: string
  threads: number
}

const root = fileURLToPath(new URL('..', import.meta.url))
const CONTEXT_LENGTH = 2048

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

/** The lines a process prints, one at a time. */
function linesOf(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the process ended')
    return value
  }
}

export async function startBareLoop({ modelPath, threads }: Settings): Promise<Contestant> {
  const args = ['--import', 'tsx', 'bench/bare-loop.ts', modelPath, String(threads), String(CONTEXT_LENGTH)]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  const nextLine = linesOf(child)
  await nextLine()
  return {
    name: 'bare loop',
    async run(prompt, tokens) {
      child.stdin.write(`${JSON.stringify({ prompt, tokens })}\n`)
      return JSON.parse(await nextLine()) as Measurement
    },
    stop: () => stopped(child),
  }
}

/** The built server, as users run it, with the model installed in a folder of its own. */
export async function startSnug({ modelPath, threads }: Settings): Promise<Contestant> {
  const folder = mkdtempSync(join(tmpdir(), 'snug-bench-'))
  await installBundledModel({ folder, name: 'bench', file: modelPath, log: { info() {}, warn() {} } })
  const child = spawn(process.execPath, ['dist/src/main.js', 'serve'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, OLLAMA_HOST: '127.0.0.1:0', OLLAMA_MODELS: folder, SNUG_THREADS: String(threads) },
  })
  const url = /http:\S+/.exec(await linesOf(child)())?.[0]
  if (url === undefined) throw new Error('the server did not say where it listens')
  return {
    name: 'Snug over HTTP',
    run: (prompt, tokens) => generate(`${url}/api/generate`, prompt, tokens),
    async stop() {
      await stopped(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function generate(url: string, prompt: string, tokens: number): Promise<Measurement> {
  const startedAt = performance.now()
  const { body } = await request(url, {
    method: 'POST',
    body: JSON.stringify({
      model: 'bench',
      prompt,
      raw: true,
      options: { temperature: 0, num_predict: tokens, num_ctx: CONTEXT_LENGTH },
    }),
  })
  let firstAt: number | undefined
  let lastAt = startedAt
  let last = ''
  for await (const chunk of body) {
    last = String(chunk)
    if (last.includes('"done":true')) break
    lastAt = performance.now()
    firstAt ??= lastAt
  }
  const final = JSON.parse(last.trim().split('\n').at(-1) ?? '') as { eval_count?: number }
  if (firstAt === undefined || final.eval_count !== tokens) throw new Error(`unexpected answer: ${last}`)
  return {
    firstTokenMs: firstAt - startedAt,
    decodeTokensPerSecond: ((tokens - 1) / (lastAt - firstAt)) * 1000,
  }
}
