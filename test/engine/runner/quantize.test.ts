import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, stat, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { QuantizeJob } from '../../../engine/backend.ts'
import { fileTypeText } from '../../../engine/gguf/file-type.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { startRunner } from '../../../engine/runner/client.ts'
import { createEmbeddedBackend } from '../../../engine/runner/embedded.ts'
import { quantizeInChild } from '../../../engine/runner/quantize.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { str, u32, writeGguf } from '../../helpers/gguf.ts'
import { SHAPE_30M, SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { outputOf, planFor, requestFor } from '../../helpers/runner.ts'
import { SNUG_TINY } from '../../helpers/snug-tiny.ts'
import { childrenOf, isAlive } from '../../src/endless.ts'

const never = new AbortController().signal
const ANSWER_TOKENS = 16
const questions = JSON.parse(
  readFileSync(new URL('../../fixtures/snug-tiny/questions.json', import.meta.url), 'utf8'),
) as { prompt: string }[]
const PROMPTS = questions
  .slice(0, 30)
  .map(
    ({ prompt }) => `<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n`,
  )

function quantize(job: QuantizeJob, signal = never, onProgress: (fraction: number) => void = () => {}) {
  return quantizeInChild(job, {
    threads: 1,
    libraryDir: undefined,
    environment: {},
    signal,
    onProgress,
    log() {},
  })
}

/** Greedy answers to all prompts, one after the other, as tokens. */
async function answers(weightsPath: string): Promise<number[][]> {
  const runner = await startRunner({
    plan: planFor(weightsPath),
    libraryDir: undefined,
    environment: {},
    signal: never,
    onProgress() {},
    log() {},
  })
  try {
    const given: number[][] = []
    for (const text of PROMPTS) {
      const prompt = await runner.tokenize(text, { special: true, bos: false })
      const request = requestFor(prompt, { maxTokens: ANSWER_TOKENS, returnTokens: true })
      given.push((await outputOf(runner, request)).end.tokenIds ?? [])
    }
    return given
  } finally {
    await runner.close()
  }
}

const share = (all: readonly boolean[]) => all.filter(Boolean).length / all.length

test('the bundled model at half its size answers nearly always as before, at a third mostly', async () => {
  const folder = await tempFolder()
  const original = await stat(SNUG_TINY)
  const expected = await answers(SNUG_TINY)
  for (const [type, largest, sameAnswers] of [
    ['Q8_0', 0.54, 0.9],
    ['Q4_K_M', 0.32, 0.7],
  ] as const) {
    const to = join(folder, `${type}.gguf`)
    const fractions: number[] = []
    const { bytes } = await quantize({ from: SNUG_TINY, to, type }, never, (fraction) =>
      fractions.push(fraction),
    )

    expect(bytes).toBe((await stat(to)).size)
    expect(bytes / original.size).toBeLessThan(largest)
    const { metadata, tensors } = await readGgufFile(to)
    expect(fileTypeText(Number(metadata.get('general.file_type')))).toBe(type)
    expect(fractions).toHaveLength(tensors.length + 1)
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    expect([fractions[0], fractions.at(-1)]).toEqual([0, 1])

    const given = await answers(to)
    expect(share(given.map((answer, i) => `${answer}` === `${expected[i]}`))).toBeGreaterThanOrEqual(
      sameAnswers,
    )
  }
  expect(readdirSync(folder).sort()).toEqual(['Q4_K_M.gguf', 'Q8_0.gguf'])
}, 120_000)

/** A folder with weights that take a while to quantize. */
async function largeModel(): Promise<{ folder: string; from: string; to: string }> {
  const folder = await tempFolder()
  const from = join(folder, 'large.gguf')
  await writeRandomModel(from, SHAPE_30M, { weights: 'F16' })
  return { folder, from, to: join(folder, 'out.gguf') }
}

test('quantizing keeps the server free to do other work', async () => {
  const { from, to } = await largeModel()
  const before = performance.eventLoopUtilization()
  await quantize({ from, to, type: 'Q8_0' })
  expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5)
})

test('a cancelled job leaves no file and no process, and what was there before', async () => {
  const { folder, from, to } = await largeModel()
  await writeFile(to, 'precious')
  const children = childrenOf(process.pid)
  const client = new AbortController()
  const fractions: number[] = []
  const job = quantize({ from, to, type: 'Q4_K_M' }, client.signal, (fraction) => {
    fractions.push(fraction)
    if (fraction > 0) client.abort()
  })
  await expect(job).rejects.toMatchObject({ code: 'cancelled', message: 'request canceled' })
  expect(fractions.at(-1)).toBeLessThan(0.9)
  expect(childrenOf(process.pid)).toEqual(children)
  expect(readdirSync(folder).sort()).toEqual([basename(from), basename(to)])
  expect((await stat(to)).size).toBe('precious'.length)
})

test('closing the engine ends a job', async () => {
  const { folder, from, to } = await largeModel()
  const backend = createEmbeddedBackend({ threads: 1, log: { info() {}, warn() {} } })
  const job = backend.quantize?.({ from, to, type: 'Q4_K_M' }, never, (fraction) => {
    if (fraction > 0) void backend.close()
  })
  await expect(job).rejects.toMatchObject({ code: 'cancelled' })
  await backend.close()
  expect(readdirSync(folder)).toEqual([basename(from)])
})

test('a client that left before the job began starts nothing', async () => {
  const to = join(await tempFolder(), 'out.gguf')
  const job = quantize({ from: SNUG_TINY, to, type: 'Q8_0' }, AbortSignal.abort())
  await expect(job).rejects.toMatchObject({ name: 'AbortError' })
  expect(readdirSync(dirname(to))).toEqual([])
})

test('weights that are quantized already are refused in Ollama’s words', async () => {
  const folder = await tempFolder()
  const from = join(folder, 'small.gguf')
  await writeRandomModel(from, SHAPE_SMALL)
  await expect(quantize({ from, to: join(folder, 'out.gguf'), type: 'Q4_K_M' })).rejects.toMatchObject({
    code: 'quantize_failed',
    message: 'quantization is only supported for F16, BF16 and F32 models',
  })
  expect(readdirSync(folder)).toEqual(['small.gguf'])
})

const TENSOR = { name: 'token_embd.weight', type: 'F16', shape: [32, 32] } as const

test.each<[what: string, make: (path: string) => Promise<void>, says: RegExp]>([
  ['is missing', async () => {}, /^unable to quantize the model: ENOENT: no such file/],
  [
    'is no GGUF',
    (path) => writeFile(path, 'once upon a time'),
    /^unable to quantize the model: not a GGUF file: it starts with "once"/,
  ],
  [
    'is cut short',
    async (path) => {
      await copyFile(SNUG_TINY, path)
      await truncate(path, 4_000_000)
    },
    /^unable to quantize the model: cut short: tensor ".+" ends at byte \d+, the file has 4000000$/,
  ],
  [
    'is of a family that llama.cpp does not know',
    (path) =>
      writeFile(
        path,
        writeGguf({ metadata: { 'general.architecture': str('nonsense') }, tensors: [TENSOR] }),
      ),
    /^unable to quantize the model: .*unknown model architecture: 'nonsense'/,
  ],
  [
    'is aligned as llama.cpp does not write',
    (path) => writeFile(path, writeGguf({ metadata: { 'general.alignment': u32(256) }, tensors: [TENSOR] })),
    /^unable to quantize the model: its tensors are aligned to 256 bytes, llama.cpp writes 32$/,
  ],
])('a source that %s is refused with the reason and leaves no file', async (_, make, says) => {
  const folder = await tempFolder()
  const from = join(folder, 'from.gguf')
  await make(from)
  const before = readdirSync(folder)
  const job = quantize({ from, to: join(folder, 'out.gguf'), type: 'Q8_0' })
  await expect(job).rejects.toMatchObject({ code: 'quantize_failed', message: expect.stringMatching(says) })
  expect(readdirSync(folder)).toEqual(before)
})

test('a target that cannot be written is refused with the reason before any work is done', async () => {
  const progress = vi.fn()
  const job = quantize(
    { from: SNUG_TINY, to: join(await tempFolder(), 'no', 'out.gguf'), type: 'Q8_0' },
    never,
    progress,
  )
  await expect(job).rejects.toMatchObject({
    code: 'quantize_failed',
    message: expect.stringMatching(/^unable to write the quantized model: ENOENT: no such file or directory/),
  })
  expect(progress).not.toHaveBeenCalled()
})

/** Runs quantize-script.ts, with files limited to so many blocks of 512 or 1024 bytes if at all. */
function script(from: string, to: string, blocks: number | 'unlimited') {
  const loader = createRequire(import.meta.url).resolve('tsx')
  const entry = fileURLToPath(new URL('quantize-script.ts', import.meta.url))
  const command = `ulimit -f ${blocks}; exec "$0" "$@"`
  const args = ['-c', command, process.execPath, '--import', loader, entry, from, to]
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, lines: createInterface({ input: child.stdout }) }
}

test.runIf(process.platform !== 'win32')(
  'a disk that takes no more is named as the reason, and nothing stays on it',
  async () => {
    const folder = await tempFolder()
    let last = ''
    for await (const line of script(SNUG_TINY, join(folder, 'out.gguf'), 1000).lines) last = line
    // A limit on file sizes stands in for a full disk, which differs in the name only: ENOSPC.
    expect(JSON.parse(last)).toEqual({
      error: 'unable to write the quantized model: EFBIG: file too large, write',
    })
    expect(readdirSync(folder)).toEqual([])
  },
)

test.runIf(process.platform === 'linux')(
  'when the server is killed in the middle of a job, neither a process nor a part of the file stays',
  async () => {
    const { folder, from, to } = await largeModel()
    const { child, lines } = script(from, to, 'unlimited')
    for await (const line of lines) if ((JSON.parse(line) as { progress: number }).progress > 0) break
    const quantizers = childrenOf(child.pid).filter(isAlive)
    child.kill('SIGKILL')
    expect(quantizers.length).toBeGreaterThan(0)
    await vi.waitFor(() => expect(quantizers.filter(isAlive)).toEqual([]), 10_000)
    expect(readdirSync(folder)).toEqual([basename(from)])
  },
)
