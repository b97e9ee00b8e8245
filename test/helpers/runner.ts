import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { LoadPlan, Runner, RunnerEvent, RunnerRequest } from '../../engine/backend.ts'
import type { SamplingOptions } from '../../engine/model-options.ts'
import { DEFAULT_OPTIONS } from '../../engine/options.ts'
import { startRunner } from '../../engine/runner/client.ts'
import { tempFolder } from './fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from './random-model.ts'

export const GREEDY: SamplingOptions = { ...DEFAULT_OPTIONS, seed: 1, temperature: 0, topK: 0, topP: 1 }

/** A GGUF with random weights that libllama really runs. */
export async function randomModel(): Promise<string> {
  const path = join(await tempFolder(), 'random.gguf')
  await writeRandomModel(path, SHAPE_SMALL)
  return path
}

export function planFor(weightsPath: string, change: Partial<LoadPlan> = {}): LoadPlan {
  return {
    weightsPath,
    adapterPaths: [],
    slots: 1,
    kvCacheType: 'f16',
    flashAttention: 'auto',
    contextLength: 256,
    batchTokens: 64,
    gpuLayers: 0,
    mainGpu: undefined,
    mmap: undefined,
    threads: 1,
    ...change,
  }
}

/** A real child process with a random model, gone when the test has finished. */
export async function testRunner(change: Partial<LoadPlan> = {}): Promise<Runner> {
  return runnerFor(planFor(await randomModel(), change))
}

/** A real child process for a plan, gone when the test has finished. */
export const runnerFor = async (plan: LoadPlan): Promise<Runner> => (await loggedRunner(plan)).runner

/** How a runner is started that nobody watches. */
export const QUIET = {
  libraryDir: undefined,
  environment: {},
  signal: new AbortController().signal,
  onProgress() {},
  log() {},
}

/** The same, and all it has logged so far. */
export async function loggedRunner(plan: LoadPlan) {
  const lines: string[] = []
  const runner = await startRunner({ ...QUIET, plan, log: (message) => lines.push(message) })
  onTestFinished(() => runner.close())
  return { runner, warnings: () => lines.join('\n') }
}

/** A request that goes on until it is stopped, unless `change` says otherwise. */
export const requestFor = (
  prompt: readonly number[],
  change: Partial<RunnerRequest> = {},
): RunnerRequest => ({
  prompt,
  sampling: GREEDY,
  maxTokens: -1,
  keepTokens: 4,
  shift: true,
  stop: [],
  ...change,
})

export interface Output {
  text: string
  events: RunnerEvent[]
  end: Extract<RunnerEvent, { type: 'end' }>
  prompt: Extract<RunnerEvent, { type: 'prompt' }>
}

/** Runs a request to its end. */
export async function outputOf(runner: Runner, request: RunnerRequest): Promise<Output> {
  const events: RunnerEvent[] = []
  for await (const event of runner.generate(request, new AbortController().signal)) events.push(event)
  const end = events.find((event) => event.type === 'end')
  const prompt = events.find((event) => event.type === 'prompt')
  if (end === undefined || prompt === undefined) throw new Error('the runner left out an event')
  return {
    text: events.map((event) => (event.type === 'text' ? event.text : '')).join(''),
    events,
    end,
    prompt,
  }
}
