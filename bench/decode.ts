/**
 * Snug over HTTP beside the bare libllama loop: the same file, threads and context, taking turns in one run.
 * Prints a Markdown table of medians and ratios, and writes it to bench/results/decode.md.
 *
 *   npx tsx bench/decode.ts [--model FILE.gguf] [--threads 1] [--tokens 128] [--rounds 9]
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SHAPE_100M, writeRandomModel } from '../test/helpers/random-model.ts'
import { type Contestant, startBareLoop, startSnug } from './contestants.ts'
import { median, table } from './report.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string', default: '1' },
    tokens: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '9' },
  },
})
const settings = {
  modelPath: values.model ?? (await generatedModel()),
  threads: Number(values.threads),
  tokens: Number(values.tokens),
  rounds: Number(values.rounds),
}

const contestants: Contestant[] = [await startBareLoop(settings), await startSnug(settings)]
const rates = new Map(contestants.map(({ name }) => [name, [] as number[]]))
const waits = new Map(contestants.map(({ name }) => [name, [] as number[]]))
try {
  // The first round only warms up; each round has a prompt of its own, so that no cache helps.
  for (let round = 0; round <= settings.rounds; round++) {
    const prompt = `Round ${round}. ${'The quick brown fox jumps over the lazy dog. '.repeat(4)}`
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const { decodeTokensPerSecond, firstTokenMs } = await contestant.run(prompt, settings.tokens)
      if (round === 0) continue
      rates.get(contestant.name)?.push(decodeTokensPerSecond)
      waits.get(contestant.name)?.push(firstTokenMs)
    }
  }
} finally {
  await Promise.all(contestants.map((contestant) => contestant.stop()))
}

const base = median(rates.get('bare loop') ?? [])
const rows = contestants.map(({ name }) => {
  const rate = median(rates.get(name) ?? [])
  const wait = median(waits.get(name) ?? [])
  return [name, rate.toFixed(1), `${((rate / base) * 100).toFixed(1)} %`, wait.toFixed(1)]
})
const text = `# Decode, one stream

${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0]?.model.trim() ?? 'unknown CPU'} (${os.availableParallelism()} cores), \
Node ${process.version}, ${settings.threads} thread(s), ${settings.tokens} tokens an answer, \
median of ${settings.rounds} rounds taken in turn, model ${values.model === undefined ? SHAPE_100M.name : 'given'}.

${table(['', 'tokens/s', 'of the bare loop', 'first token, ms'], rows)}
`
mkdirSync(join(here, 'results'), { recursive: true })
writeFileSync(join(here, 'results', 'decode.md'), text)
console.log(text)

async function generatedModel(): Promise<string> {
  const folder = join(here, '.cache')
  const path = join(folder, `${SHAPE_100M.name}.gguf`)
  mkdirSync(folder, { recursive: true })
  if (!existsSync(path)) await writeRandomModel(path, SHAPE_100M)
  return path
}
