/**
 * The least a program must do to generate with libllama: decode, sample, take the token's bytes. No batching,
 * no other process, no HTTP. What Snug is measured against. Prints one line of JSON for each line on stdin.
 */
import { createInterface } from 'node:readline'
import { findLibraryDir } from '../engine/llama/library.ts'
import { loadNativeModel, type NativeModel } from '../engine/llama/native-model.ts'
import { createSampler } from '../engine/llama/sampler.ts'
import { DEFAULT_OPTIONS } from '../engine/options.ts'

export interface BareResult {
  promptTokens: number
  firstTokenMs: number
  decodeTokensPerSecond: number
}

const [weightsPath = '', threads = '1', contextLength = '2048'] = process.argv.slice(2)
const model = await loadNativeModel(
  {
    weightsPath,
    adapterPaths: [],
    slots: 1,
    kvCacheType: 'f16',
    flashAttention: 'auto',
    contextLength: Number(contextLength),
    batchTokens: 512,
    gpuLayers: -1,
    mainGpu: undefined,
    mmap: undefined,
    threads: Number(threads),
  },
  { libraryDir: findLibraryDir(undefined), signal: new AbortController().signal, onProgress() {}, log() {} },
)
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const { prompt, tokens } = JSON.parse(line) as { prompt: string; tokens: number }
  console.log(JSON.stringify(await generate(model, prompt, tokens)))
}

async function generate(model: NativeModel, prompt: string, count: number): Promise<BareResult> {
  const { library, memory, batch } = model
  const ids = await model.tokenize(prompt, true, true)
  library.removeCells(memory, 0, -1, -1)
  const sampler = createSampler(model, { ...DEFAULT_OPTIONS, temperature: 0 }, undefined, ids)
  const startedAt = performance.now()
  batch.clear()
  for (const [i, id] of ids.entries()) batch.add(id, i, 0, i === ids.length - 1)
  await model.decode()
  let token = sampler.sample(ids.length - 1)
  const firstAt = performance.now()
  let bytes = model.tokenBytes(token).length
  for (let i = 1; i < count; i++) {
    batch.clear()
    batch.add(token, ids.length + i - 1, 0, true)
    await model.decode()
    token = sampler.sample(0)
    bytes += model.tokenBytes(token).length
  }
  const ms = performance.now() - firstAt
  sampler.close()
  if (bytes === 0) throw new Error('the model said nothing')
  return {
    promptTokens: ids.length,
    firstTokenMs: firstAt - startedAt,
    decodeTokensPerSecond: ((count - 1) / ms) * 1000,
  }
}
