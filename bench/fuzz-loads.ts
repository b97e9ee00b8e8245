/** Loads damaged models that the reader has let through into real runners, and uses those that load. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Runner } from '../engine/backend.ts'
import { GgufError } from '../engine/gguf/error.ts'
import { ggufFacts } from '../engine/gguf/facts.ts'
import { readGgufFile } from '../engine/gguf/read.ts'
import type { RunnerOptions } from '../engine/runner/client.ts'
import { diceOf, fineMutantOf, oneOf } from '../test/helpers/gguf-mutations.ts'
import { loadableSeeds } from '../test/helpers/gguf-seeds.ts'
import { planFor, requestFor } from '../test/helpers/runner.ts'

export interface LoadsReport {
  /** Damaged files that the reader refused, and no runner saw. */
  refused: number
  /** Files given to a runner. */
  loads: number
  /** … which answered. */
  answered: number
  /** … which were refused with an error of llama.cpp's. */
  failed: number
  /** … whose process died: while loading, and afterwards. With the number of the case and the last words. */
  diedLoading: string[]
  diedLater: string[]
  /** Errors that are not EngineErrors, loads that hung: must be empty. */
  violations: string[]
  slowestMs: number
}

/** A load of so small a model takes well under a second on an idle machine. */
const LOAD_MS = 60_000

/** Gives `loads` damaged models to runners of the built server; needs `dist/`. */
export async function fuzzLoads(
  order: { seed: number; loads: number },
  onLoad: (done: number) => void = () => {},
): Promise<LoadsReport> {
  const { startRunner }: typeof import('../engine/runner/client.ts') = await import(
    new URL('../dist/engine/runner/client.js', import.meta.url).href
  )
  const seeds = await loadableSeeds()
  const folder = await mkdtemp(join(tmpdir(), 'snug-fuzz-'))
  const path = join(folder, 'model.gguf')
  const report: LoadsReport = {
    refused: 0,
    loads: 0,
    answered: 0,
    failed: 0,
    diedLoading: [],
    diedLater: [],
    violations: [],
    slowestMs: 0,
  }
  try {
    for (let index = order.seed; report.loads < order.loads; index++) {
      const dice = diceOf(index)
      const { bytes, how } = fineMutantOf(oneOf(seeds, dice), dice)
      await writeFile(path, bytes)
      const isEncoder = await isLetThrough(path)
      if (isEncoder === undefined) {
        report.refused += 1
        continue
      }
      report.loads += 1
      await load(startRunner, path, isEncoder, `case ${index} (${how})`, report)
      onLoad(report.loads)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return report
}

/** Undefined when the reader refuses the file; else whether its model makes vectors. */
async function isLetThrough(path: string): Promise<boolean | undefined> {
  try {
    return ggufFacts(await readGgufFile(path)).hasPooling
  } catch (error) {
    if (error instanceof GgufError) return undefined
    throw error
  }
}

async function load(
  startRunner: typeof import('../engine/runner/client.ts').startRunner,
  path: string,
  embedsOnly: boolean,
  what: string,
  report: LoadsReport,
): Promise<void> {
  const startedMs = performance.now()
  const options: RunnerOptions = {
    plan: planFor(path, embedsOnly ? { embedsOnly } : {}),
    libraryDir: undefined,
    environment: {},
    signal: AbortSignal.timeout(LOAD_MS),
    onProgress() {},
    log() {},
  }
  let isLoaded = false
  try {
    const runner = await startRunner(options)
    isLoaded = true
    await use(runner, embedsOnly)
    report.answered += 1
  } catch (error) {
    file(error, isLoaded, what, report)
  }
  report.slowestMs = Math.max(report.slowestMs, performance.now() - startedMs)
}

/** Asks a runner for a little of what it can do, and ends it. */
async function use(runner: Runner, embedsOnly: boolean): Promise<void> {
  const signal = AbortSignal.timeout(LOAD_MS)
  try {
    const tokens = await runner.tokenize('hello world', { special: true, bos: true })
    if (runner.rerank !== undefined) await runner.rerank([tokens], signal)
    else if (runner.embed !== undefined && embedsOnly) await runner.embed([tokens], signal)
    else for await (const _ of runner.generate(requestFor(tokens, { maxTokens: 2 }), signal));
  } finally {
    await runner.close()
  }
}

/** Puts an error where it belongs. The build has classes of its own, so that instanceof would not do. */
function file(error: unknown, isLoaded: boolean, what: string, report: LoadsReport): void {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const isEngineError = error instanceof Error && 'code' in error && error.name === 'EngineError'
  const line = `${what}: ${text}`
  if (!isEngineError || error.code === 'cancelled') report.violations.push(line)
  else if (/llama runner process has terminated/.test(text)) report.diedLoading.push(line)
  else if (isLoaded && error.code === 'runner_died') report.diedLater.push(line)
  else report.failed += 1
}
