/**
 * Answers with tokens computed ahead and without, in turns, through Snug's runner: texts that repeat themselves, and
 * texts that do not. Prints a Markdown table and writes it to the folder of results.
 *
 *   npx tsx bench/speculation.ts [--threads N] [--rounds 5] [--tokens 128] [--output FOLDER]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { LoadPlan, Runner } from '../engine/backend.ts'
import { defaultThreads, thisCpu } from '../engine/hardware/threads.ts'
import { DEFAULT_OPTIONS } from '../engine/options.ts'
import { startRunner } from '../engine/runner/client.ts'
import { generatedModel, SHAPE_QWEN_05B } from './models.ts'
import { median, shown, table, whereAndWhen } from './report.ts'

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(defaultThreads(thisCpu())) },
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '128' },
    output: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
  },
})
const rounds = Number(values.rounds)
const LIST = 'one apple, two pears, three plums, four figs.\n'.repeat(4)
const QUESTION = '<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n'

interface Text {
  name: string
  prompt: string
  temperature: number
}

interface Numbers {
  tokensPerSecond: number
  drafted: number
  accepted: number
  outputTokens: number
}

/** An answer of the tiny model takes a twentieth of a second: one is soon disturbed. */
const TINY_FACTOR = 8

const random = await generatedModel(SHAPE_QWEN_05B)
const tiny = fileURLToPath(new URL('../models/snug-tiny.gguf', import.meta.url))
const rows = [
  ...(await measured(random, rounds, [
    { name: 'goes round', prompt: LIST, temperature: 0 },
    { name: 'says nothing twice', prompt: LIST, temperature: 1.5 },
  ])),
  ...(await measured(tiny, rounds * TINY_FACTOR, [
    { name: 'goes round', prompt: LIST, temperature: 0 },
    { name: 'says nothing twice', prompt: QUESTION, temperature: 0 },
  ])),
]
const head = [
  'Model and text',
  'off, tokens/s',
  'auto, tokens/s',
  'auto / off',
  'tokens',
  'computed ahead',
  'accepted',
  'same text',
]
const text = `# Tokens computed ahead

${whereAndWhen()}. One stream, ${values.threads} thread(s), at most ${values.tokens} tokens an answer; medians of \
${rounds} rounds (of the tiny model ${rounds * TINY_FACTOR}), \`SNUG_SPECULATION=off\` and \`auto\` in turn. Weights at random
have near ties, which a step of another size may break otherwise: then the texts differ.

${table(head, rows)}
`
mkdirSync(values.output, { recursive: true })
writeFileSync(join(values.output, 'speculation.md'), text)
console.log(text)

async function measured(weightsPath: string, times: number, texts: readonly Text[]): Promise<string[][]> {
  const off = await start(weightsPath, 'off')
  const auto = await start(weightsPath, 'auto')
  try {
    const found: string[][] = []
    for (const one of texts) found.push(await rowOf(basename(weightsPath, '.gguf'), one, times, off, auto))
    return found
  } finally {
    await Promise.all([off.close(), auto.close()])
  }
}

/** Round 0 warms up, and is thrown away. Rounds of hot texts have seeds of their own. */
async function rowOf(model: string, one: Text, times: number, off: Runner, auto: Runner): Promise<string[]> {
  let same = 0
  const slow: Numbers[] = []
  const fast: Numbers[] = []
  for (let round = 0; round <= times; round++) {
    const order = round % 2 === 0 ? [off, auto] : [auto, off]
    const answers = new Map<Runner, Awaited<ReturnType<typeof answer>>>()
    for (const runner of order) answers.set(runner, await answer(runner, one, round))
    const [a, b] = [answers.get(off), answers.get(auto)]
    if (round === 0 || a === undefined || b === undefined) continue
    if (a.text === b.text) same += 1
    slow.push(a.numbers)
    fast.push(b.numbers)
  }
  const of = (numbers: readonly Numbers[], key: keyof Numbers) => median(numbers.map((n) => n[key]))
  const ratios = fast.map((n, i) => n.tokensPerSecond / (slow[i]?.tokensPerSecond ?? Number.NaN))
  return [
    `${model}, ${one.name}`,
    shown(of(slow, 'tokensPerSecond'), 1),
    shown(of(fast, 'tokensPerSecond'), 1),
    shown(median(ratios), 2),
    ...(['outputTokens', 'drafted', 'accepted'] as const).map((key) => shown(of(fast, key), 0)),
    `${same} of ${times}`,
  ]
}

async function answer(runner: Runner, { prompt, temperature }: Text, round: number) {
  const tokens = await runner.tokenize(prompt, { special: true, bos: true })
  const request = {
    prompt: tokens,
    sampling: { ...DEFAULT_OPTIONS, seed: round, temperature, topK: 0, topP: 1, repeatPenalty: 1 },
    maxTokens: Number(values.tokens),
    keepTokens: 0,
    shift: false,
    stop: [],
  }
  let said = ''
  for await (const event of runner.generate(request, new AbortController().signal)) {
    if (event.type === 'text') said += event.text
    if (event.type !== 'end') continue
    const { outputTokens, outputMs, draftedTokens: drafted = 0, acceptedTokens: accepted = 0 } = event
    const tokensPerSecond = ((outputTokens - 1) / outputMs) * 1000
    return { text: said, numbers: { tokensPerSecond, drafted, accepted, outputTokens } }
  }
  throw new Error('an answer had no end')
}

function start(weightsPath: string, speculation: LoadPlan['speculation']): Promise<Runner> {
  return startRunner({
    plan: {
      weightsPath,
      adapterPaths: [],
      slots: 1,
      kvCacheType: 'f16',
      flashAttention: 'auto',
      contextLength: 2048,
      batchTokens: 512,
      gpuLayers: 0,
      mainGpu: undefined,
      mmap: undefined,
      threads: Number(values.threads),
      ...(speculation === undefined ? {} : { speculation }),
    },
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log() {},
  })
}
