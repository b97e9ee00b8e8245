/**
 * The least a program must do to generate with libllama: fill a batch, decode, sample, take the tokens' bytes.
 * One sequence a stream, answers before prompts. No other process, no HTTP. What the others are measured against.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { findLibraryDir } from '../engine/llama/library-dir.ts'
import { loadNativeModel } from '../engine/llama/native-model.ts'
import { createSampler } from '../engine/llama/sampler.ts'
import { commonPrefix } from '../engine/llama/slots.ts'
import { DEFAULT_OPTIONS } from '../engine/options.ts'
import { type Ask, BATCH_TOKENS, type Conditions, type Stream } from './contestant.ts'
import { answerLines } from './library-protocol.ts'

const { modelPath, threads, slots, contextLength } = JSON.parse(process.argv[2] ?? '{}') as Conditions
const model = await loadNativeModel(
  {
    weightsPath: modelPath,
    adapterPaths: [],
    slots,
    kvCacheType: 'f16',
    flashAttention: 'auto',
    contextLength,
    batchTokens: BATCH_TOKENS,
    gpuLayers: 0,
    mainGpu: undefined,
    mmap: undefined,
    threads,
  },
  { libraryDir: findLibraryDir(undefined), signal: new AbortController().signal, onProgress() {}, log() {} },
)
const { library, memory, batch } = model
/** What the sequences hold: the next prompt of a sequence starts where it differs. */
const held: number[][] = Array.from({ length: slots }, () => [])

async function generate(asks: readonly Ask[]): Promise<Stream[]> {
  const startedAt = performance.now()
  const streams = await Promise.all(asks.map((ask, sequence) => begin(ask, sequence)))
  for (let sequence = asks.length; sequence < slots; sequence++) forget(sequence, 0)
  try {
    while (streams.some((stream) => stream.left > 0)) {
      const rows = fill(streams.filter((stream) => stream.left > 0))
      if ((await model.decode()) !== 0) throw new Aborted()
      for (const { stream, row } of rows) {
        const token = stream.sampler.sample(row)
        stream.bytes += model.tokenBytes(token).length
        stream.arrivals.push(performance.now() - startedAt)
        stream.pending.push(token)
        stream.left -= 1
      }
    }
  } finally {
    for (const { sampler } of streams) sampler.close()
  }
  if (streams.some(({ bytes }) => bytes === 0)) throw new Error('the model said nothing')
  return streams.map(({ arrivals }) => ({ arrivals }))
}

/** Fills the batch, shortest first; the rows that are to be sampled. */
function fill(streams: readonly Open[]): { stream: Open; row: number }[] {
  batch.clear()
  const rows: { stream: Open; row: number }[] = []
  for (const stream of streams.toSorted((a, b) => a.pending.length - b.pending.length)) {
    const { pending, sequence, tokens } = stream
    const piece = pending.splice(0, batch.capacity - batch.size())
    for (const [i, token] of piece.entries()) {
      const isLast = pending.length === 0 && i === piece.length - 1
      const row = batch.add(token, tokens.length, sequence, isLast)
      tokens.push(token)
      if (isLast) rows.push({ stream, row })
    }
  }
  return rows
}

type Open = Awaited<ReturnType<typeof begin>>

class Aborted extends Error {}

async function begin({ prompt, tokens: left }: Ask, sequence: number) {
  const ids = await model.tokenize(prompt, true, true)
  const prefix = commonPrefix(held[sequence] ?? [], ids.slice(0, -1))
  forget(sequence, prefix)
  const tokens = ids.slice(0, prefix)
  held[sequence] = tokens
  const sampler = createSampler(model, { ...DEFAULT_OPTIONS, temperature: 0 }, undefined, ids)
  return { sequence, sampler, tokens, pending: ids.slice(prefix), left, bytes: 0, arrivals: [] as number[] }
}

function forget(sequence: number, from: number): void {
  library.removeCells(memory, sequence, from, -1)
  held[sequence] = held[sequence]?.slice(0, from) ?? []
}

await answerLines(model.description, {
  generate,
  async abort(abandoned, afterMs, next) {
    let hasEnded = false
    const running = generate([abandoned]).then(
      () => {
        hasEnded = true
      },
      (error: unknown) => {
        if (!(error instanceof Aborted)) throw error
        forget(0, 0)
      },
    )
    await sleep(afterMs)
    if (hasEnded) return Number.NaN
    const hungUpAt = performance.now()
    model.abortDecode()
    await running
    const between = performance.now() - hungUpAt
    const [stream] = await generate([next])
    return between + (stream?.arrivals[0] ?? Number.NaN)
  },
})
