import { writeFile } from 'node:fs/promises'
import { f32, type GgufTensor, str, writeGguf } from './gguf.ts'
import type { ModelShape } from './random-model.ts'

const RANK = 4
const ALIGNMENT = 32

/** Writes a LoRA adapter for a random model: it bends the first layer's attention output a good deal. */
export async function writeRandomAdapter(path: string, shape: ModelShape): Promise<void> {
  const target = 'blk.0.attn_output.weight'
  const tensors: GgufTensor[] = [
    { name: `${target}.lora_a`, type: 'F32', shape: [shape.embedding, RANK] },
    { name: `${target}.lora_b`, type: 'F32', shape: [RANK, shape.embedding] },
  ]
  const header = writeGguf({
    metadata: {
      'general.architecture': str('llama'),
      'general.type': str('adapter'),
      'adapter.type': str('lora'),
      'adapter.lora.alpha': f32(RANK),
    },
    tensors,
    headerOnly: true,
  })
  const matrices = tensors.map((_, at) =>
    Float32Array.from({ length: RANK * shape.embedding }, (_, i) => Math.sin((at + 1) * (i + 1))),
  )
  const padding = new Uint8Array((ALIGNMENT - (header.length % ALIGNMENT)) % ALIGNMENT)
  await writeFile(
    path,
    Buffer.concat([header, padding, ...matrices.map((matrix) => Buffer.from(matrix.buffer))]),
  )
}
