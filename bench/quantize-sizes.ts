/**
 * Quantizes a model of half a billion parameters to every type that needs no importance matrix and compares the
 * files with what engine/fit says of them beforehand: the type of each tensor, and the size to the byte.
 *
 *   npx tsx bench/quantize-sizes.ts [--out results/quantize-sizes.md] [type …]
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { quantizedFileBytes } from '../engine/fit/file-size.ts'
import { recipeModelOf } from '../engine/fit/hyperparameters.ts'
import { quantizedTensors } from '../engine/fit/recipe.ts'
import { readGgufFile } from '../engine/gguf/read.ts'
import type { GgufHeader } from '../engine/gguf/types.ts'
import { QUANTIZATION_TYPES, type QuantizationType } from '../engine/quantization.ts'
import { quantizeInChild } from '../engine/runner/quantize.ts'
import { writeZeros } from '../test/helpers/quantized.ts'
import { metadataOf, tensorsOf, writeRandomModel } from '../test/helpers/random-model.ts'
import { SHAPE_QWEN_05B } from './models.ts'
import { table, whereAndWhen } from './report.ts'

/** Sizes do not depend on the numbers: two types show that. */
const RANDOM: ReadonlySet<QuantizationType> = new Set(['Q8_0', 'Q4_K_M'])

const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: 'results/quantize-sizes.md' } },
  allowPositionals: true,
})
const types = QUANTIZATION_TYPES.filter((type) => positionals.length === 0 || positionals.includes(type))

interface Outcome {
  type: QuantizationType
  predicted: number
  bytes: number
  /** Tensors whose type is not the predicted one. */
  wrongTensors: number
  tensors: number
}

async function compare(
  from: string,
  to: string,
  source: GgufHeader,
  type: QuantizationType,
): Promise<Outcome> {
  const expected = quantizedTensors(recipeModelOf(source), source.tensors, type)
  const { bytes } = await quantizeInChild(
    { from, to, type },
    {
      threads: 0,
      libraryDir: undefined,
      environment: {},
      signal: new AbortController().signal,
      onProgress() {},
      log() {},
    },
  )
  const { tensors } = await readGgufFile(to)
  await rm(to)
  const differing = expected.filter(({ name, type: wanted }, i) => {
    const made = tensors[i]
    return made?.name !== name || made.type !== wanted
  })
  return {
    type,
    predicted: quantizedFileBytes(source, type),
    bytes,
    wrongTensors: differing.length + Math.abs(tensors.length - expected.length),
    tensors: tensors.length,
  }
}

function report(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ type, predicted, bytes, wrongTensors, tensors }) => [
    type,
    String(predicted),
    String(bytes),
    String(bytes - predicted),
    `${tensors - wrongTensors} of ${tensors}`,
  ])
  const head = ['Type', 'Predicted bytes', 'Bytes of the file', 'Difference', 'Tensors of the predicted type']
  return `# Sizes of quantized files

F16 weights in the shape of Qwen2.5 0.5B, quantized by llama.cpp to every type that needs no importance matrix, and
what \`engine/fit\` says of the file before it is made. Rows of 896 are no multiple of 256, so that most matrices get
a substitute for their recipe's type. The weights are random numbers for ${[...RANDOM].join(' and ')} and zeros, which take less
time, for the others.

${table(head, rows)}

\`npx tsx bench/quantize-sizes.ts\`, ${whereAndWhen()}.
`
}

const folder = fileURLToPath(new URL('.cache/quantize-sizes', import.meta.url))
await mkdir(folder, { recursive: true })
try {
  const random = join(folder, 'random.gguf')
  await writeRandomModel(random, SHAPE_QWEN_05B, { weights: 'F16' })
  const zeros = join(folder, 'zeros.gguf')
  await writeZeros(zeros, {
    metadata: metadataOf(SHAPE_QWEN_05B, 'F16'),
    tensors: tensorsOf(SHAPE_QWEN_05B, 'F16'),
  })
  const source = await readGgufFile(random)
  const outcomes: Outcome[] = []
  for (const type of types) {
    const started = performance.now()
    const outcome = await compare(RANDOM.has(type) ? random : zeros, join(folder, 'out.gguf'), source, type)
    outcomes.push(outcome)
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    console.log(
      `${type}: ${outcome.bytes - outcome.predicted} bytes off, ${outcome.wrongTensors} types off, ${seconds} s`,
    )
  }
  await writeFile(new URL(values.out, import.meta.url), report(outcomes))
  if (outcomes.some(({ predicted, bytes, wrongTensors }) => predicted !== bytes || wrongTensors > 0)) {
    process.exitCode = 1
  }
} finally {
  await rm(folder, { recursive: true })
}
