import type { TensorToWrite } from '../gguf/write.ts'
import { writeGguf } from '../gguf/write.ts'
import type { ModelConfig } from './config.ts'
import { readConfig } from './config.ts'
import type { SourceFiles } from './json-file.ts'
import { modelMetadata } from './metadata.ts'
import { refused } from './refuse.ts'
import { llama3Factors } from './rope.ts'
import { littleEndian, tensorToWrite } from './tensor-data.ts'
import { planTensors } from './tensors.ts'
import { tokenizerMetadata } from './tokenizer/tokenizer.ts'
import { readWeights } from './weights.ts'

/** What PEFT saves beside the weights of an adapter. */
const ADAPTER = 'adapter_config.json'

/**
 * Writes a GGUF file to a path where none is yet, from the files of a model as transformers saves it. Everything is
 * checked before the first byte is written. Reading the tokenizer keeps the thread busy for a second or two: see
 * convertSafetensors, which has a process for it. Throws EngineError `convert_failed` that names what is missing or
 * cannot be converted. `onProgress` gets fractions that never fall.
 */
export async function convertFiles(
  files: SourceFiles,
  to: string,
  onProgress: (fraction: number) => void,
): Promise<void> {
  if (files.has(ADAPTER)) throw refused(`adapters (${ADAPTER}) cannot be converted`)
  const config = await readConfig(files)
  const plans = planTensors(config, await readWeights(files))
  const metadata = [...modelMetadata(config, plans), ...(await tokenizerMetadata(files, config))]
  const tensors = [...plans.map(tensorToWrite), ...ropeFactors(config)]
  await writeGguf(to, { metadata, tensors: counted(tensors, onProgress) })
}

function ropeFactors({ rope: { base, scaling }, headLength }: ModelConfig): TensorToWrite[] {
  if (scaling?.type !== 'llama3') return []
  const bytes = littleEndian(llama3Factors(scaling, { base, headLength }))
  return [
    {
      name: 'rope_freqs.weight',
      type: 'F32',
      shape: [headLength / 2],
      bytes: bytes.length,
      data: async function* () {
        yield bytes
      },
    },
  ]
}

/** The same tensors; whoever reads their data is counted. */
function counted(tensors: readonly TensorToWrite[], onProgress: (fraction: number) => void): TensorToWrite[] {
  const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  let read = 0
  return tensors.map((tensor) => ({
    ...tensor,
    data: async function* () {
      for await (const piece of tensor.data()) {
        yield piece
        read += piece.length
        onProgress(read / total)
      }
    },
  }))
}
