import type { Backend, LoadPlan, Runner } from '../../backend.ts'
import { DEFAULT_OPTIONS } from '../../options.ts'
import { CALIBRATION_CONTEXT } from './models.ts'

export interface FastestTokenOptions {
  /** Of each answer. */
  tokens: number
  /** 0 leaves it to the backend. */
  threads: number
  signal: AbortSignal
  /** Seconds that the runner's process has spent so far, in place of those that an answer takes by the clock. */
  spentSeconds?: (pid: number) => number
}

/** The second answer comes out of warm caches. */
const ANSWERS = 2

/**
 * Seconds for a token, the first one aside, of the faster of two answers of the model at `path` on the processor
 * alone. Throws what loading and generating throw.
 */
export async function fastestToken(
  backend: Pick<Backend, 'load'>,
  path: string,
  options: FastestTokenOptions,
): Promise<number> {
  const runner = await backend.load(planFor(path, options.threads), options.signal, () => {})
  try {
    let best = Number.POSITIVE_INFINITY
    for (let answer = 0; answer < ANSWERS; answer++)
      best = Math.min(best, await decode(runner, answer, options))
    return best
  } finally {
    await runner.close()
  }
}

async function decode(
  runner: Runner,
  answer: number,
  { tokens, signal, spentSeconds }: FastestTokenOptions,
): Promise<number> {
  const { pid } = await runner.status()
  const spent = () => (spentSeconds === undefined || pid === undefined ? undefined : spentSeconds(pid))
  const request = {
    // Another prompt each time, or it would be remembered.
    prompt: [1, 260, 261 + answer],
    sampling: { ...DEFAULT_OPTIONS, seed: 1, temperature: 0, topK: 1 },
    maxTokens: tokens,
    keepTokens: 0,
    shift: false,
    stop: [],
  }
  let before: number | undefined
  let seconds = Number.POSITIVE_INFINITY
  for await (const event of runner.generate(request, signal)) {
    if (event.type === 'prompt') before = spent()
    if (event.type !== 'end') continue
    const after = spent()
    const whole = before === undefined || after === undefined ? event.outputMs / 1000 : after - before
    seconds = whole / (event.outputTokens - 1)
  }
  return seconds
}

const planFor = (weightsPath: string, threads: number): LoadPlan => ({
  weightsPath,
  adapterPaths: [],
  slots: 1,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  // Every token is to be computed for itself.
  speculation: 'off',
  contextLength: CALIBRATION_CONTEXT,
  batchTokens: 64,
  gpuLayers: 0,
  mainGpu: undefined,
  // Pages of a file without data may all be one page: memory has to be real.
  mmap: false,
  threads,
})
