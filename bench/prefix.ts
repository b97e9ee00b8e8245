/**
 * What it costs to have the beginning of a prompt again: computed, put back from host memory, and read from
 * disk by a new process. Time from the request to the end of its prompt, through Snug's runner. Prints a
 * Markdown table and writes it to bench/results/prefix.md.
 *
 *   npx tsx bench/prefix.ts [--model FILE.gguf] [--threads 1] [--tokens 8192]
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Runner } from '../engine/backend.ts'
import { DEFAULT_OPTIONS } from '../engine/options.ts'
import { startRunner } from '../engine/runner/client.ts'
import { SHAPE_100M, writeRandomModel } from '../test/helpers/random-model.ts'
import { table } from './report.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string', default: '1' },
    tokens: { type: 'string', default: '8192' },
  },
})
const tokens = Number(values.tokens)
const weightsPath = values.model ?? (await generatedModel())
const dir = await mkdtemp(join(os.tmpdir(), 'snug-prefix-'))

try {
  const prompt = Array.from({ length: tokens }, (_, i) => 260 + ((i * 7919) % 16_000))
  const first = await start()
  const computed = await promptMs(first, prompt)
  // Takes the only slot.
  await promptMs(first, prompt.slice(0, 128).toReversed())
  const fromRam = await promptMs(first, prompt)
  const closingAt = performance.now()
  await first.close()
  const closeMs = performance.now() - closingAt
  const folder = join(dir, 'prefixes')
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (f) => (await stat(join(folder, f))).size),
  )
  const second = await start()
  const fromDisk = await promptMs(second, prompt)
  await second.close()

  const row = (name: string, { ms, cached }: { ms: number; cached: number }) => [
    name,
    String(cached),
    ms.toFixed(0),
    `${((ms / computed.ms) * 100).toFixed(1)} %`,
  ]
  const rows = [row('computed', computed), row('from memory', fromRam), row('from disk', fromDisk)]
  const text = `# A prompt of ${tokens} tokens

${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0]?.model.trim() ?? 'unknown CPU'} (${os.availableParallelism()} cores, \
load ${os.loadavg()[0]?.toFixed(1)}), Node ${process.version}, ${values.threads} thread(s), \
model ${values.model === undefined ? SHAPE_100M.name : 'given'}. \
${(Math.max(...sizes) / 2 ** 20).toFixed(0)} MiB a state; unloading, with the write to disk, took ${closeMs.toFixed(0)} ms.

${table(['', 'tokens reused', 'ms', 'of computing'], rows)}
`
  mkdirSync(join(here, 'results'), { recursive: true })
  writeFileSync(join(here, 'results', 'prefix.md'), text)
  console.log(text)
} finally {
  await rm(dir, { recursive: true, force: true })
}

function start(): Promise<Runner> {
  return startRunner({
    plan: {
      weightsPath,
      adapterPaths: [],
      slots: 1,
      kvCacheType: 'f16',
      flashAttention: 'auto',
      contextLength: tokens + 256,
      batchTokens: 512,
      gpuLayers: -1,
      mainGpu: undefined,
      mmap: undefined,
      threads: Number(values.threads),
      cache: { ramBytes: 2 ** 30, dir, dirBytes: 10 * 2 ** 30 },
    },
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log: (message) => console.error(message),
  })
}

/** Time from the request to the end of its prompt, whatever the runner did with it. */
async function promptMs(runner: Runner, prompt: readonly number[]): Promise<{ ms: number; cached: number }> {
  const sampling = { ...DEFAULT_OPTIONS, temperature: 0 }
  const request = { prompt, sampling, maxTokens: 1, keepTokens: 0, shift: false, stop: [] }
  const startedAt = performance.now()
  let result: { ms: number; cached: number } | undefined
  for await (const event of runner.generate(request, new AbortController().signal)) {
    if (event.type !== 'prompt') continue
    result = { ms: performance.now() - startedAt, cached: event.cachedTokens }
  }
  if (result === undefined) throw new Error('the runner did not evaluate the prompt')
  return result
}

async function generatedModel(): Promise<string> {
  const folder = join(here, '.cache')
  const path = join(folder, `${SHAPE_100M.name}.gguf`)
  mkdirSync(folder, { recursive: true })
  if (!existsSync(path)) await writeRandomModel(path, SHAPE_100M)
  return path
}
