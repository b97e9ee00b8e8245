/**
 * node-llama-cpp as its documentation has it: a model, a context with a sequence for each stream, which the
 * library batches by itself, and `evaluate` on each. A prompt goes to the free sequence that holds most of it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ask, BATCH_TOKENS, type Conditions, type Stream } from './contestant.ts'
import { answerLines } from './library-protocol.ts'

/** What is used of the library's own types, which are there only when bench/ has been installed. */
interface Library {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<Model> }>
}
interface Model {
  tokens: { bos: number | null; shouldPrependBosToken: boolean }
  tokenize(text: string): number[]
  detokenize(tokens: readonly number[]): string
  createContext(options: object): Promise<{ getSequence(): Sequence }>
}
interface Sequence {
  nextTokenIndex: number
  compareContextTokens(tokens: readonly number[]): { firstDifferentIndex: number }
  adaptStateToTokens(tokens: readonly number[], allowShift: boolean): Promise<void>
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number, void>
}

const { modelPath, threads, slots, contextLength } = JSON.parse(process.argv[2] ?? '{}') as Conditions
// Not a literal: the compiler would look for it.
const packageName: string = 'node-llama-cpp'
const { getLlama } = (await import(packageName)) as Library
const llama = await getLlama({
  gpu: false,
  // The binary package beside Snug's own, or nothing: never a compiler, never a download.
  build: 'never',
  skipDownload: true,
  usePrebuiltBinaries: true,
  progressLogs: false,
  logLevel: 'error',
  maxThreads: threads,
})
const model = await llama.loadModel({ modelPath, gpuLayers: 0 })
const context = await model.createContext({
  sequences: slots,
  contextSize: contextLength,
  batchSize: BATCH_TOKENS,
  threads: { ideal: threads, min: threads },
  flashAttention: 'auto',
})
const free = new Set(Array.from({ length: slots }, () => context.getSequence()))

/** Takes the free sequence with the longest common beginning, the one that has been free for longest of equals. */
function take(ids: readonly number[]): Sequence {
  const [best] = [...free]
    .map((sequence) => ({ sequence, prefix: sequence.compareContextTokens(ids).firstDifferentIndex }))
    .toSorted((a, b) => b.prefix - a.prefix)
  if (best === undefined) throw new Error('more streams than sequences')
  free.delete(best.sequence)
  return best.sequence
}

async function begin({ prompt }: Ask) {
  const { bos, shouldPrependBosToken } = model.tokens
  const ids = [...(shouldPrependBosToken && bos !== null ? [bos] : []), ...model.tokenize(prompt)]
  const sequence = take(ids)
  await sequence.adaptStateToTokens(ids.slice(0, -1), false)
  return { sequence, tokens: sequence.evaluate(ids.slice(sequence.nextTokenIndex), { temperature: 0 }) }
}

async function answer(ask: Ask): Promise<Stream> {
  const startedAt = performance.now()
  const { sequence, tokens } = await begin(ask)
  const arrivals: number[] = []
  let text = ''
  for await (const token of tokens) {
    text += model.detokenize([token])
    arrivals.push(performance.now() - startedAt)
    if (arrivals.length === ask.tokens) break
  }
  free.add(sequence)
  if (text === '') throw new Error('the model said nothing')
  return { arrivals }
}

await answerLines('llama.cpp of the package @node-llama-cpp', {
  generate: (asks) => Promise.all(asks.map(answer)),
  async abort(abandoned, afterMs, next) {
    const { sequence, tokens } = await begin(abandoned)
    let hasEnded = false
    const first = tokens.next().then(() => {
      hasEnded = true
    })
    await sleep(afterMs)
    const isTooLate = hasEnded
    const hungUpAt = performance.now()
    // All there is: an evaluation under way takes no signal.
    const left = tokens.return()
    const { arrivals } = await answer(next)
    const tookMs = performance.now() - hungUpAt
    await Promise.all([first, left])
    free.add(sequence)
    return isTooLate ? Number.NaN : tookMs - ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0))
  },
})
