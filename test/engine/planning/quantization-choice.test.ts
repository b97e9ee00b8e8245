import { expect, test } from 'vitest'
import { divergenceOf } from '../../../engine/fit/quality.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { createQuantizationChoice } from '../../../engine/planning/quantization-choice.ts'
import { SMALL_LLAMA } from '../../helpers/fixture-models.ts'
import { u32, writeGguf } from '../../helpers/gguf.ts'
import { GIB, MIB, machineWith } from '../../helpers/machines.ts'

const WIDTH = 1024
const header = parseGguf(
  writeGguf({
    metadata: {
      ...SMALL_LLAMA,
      'general.file_type': u32(1),
      'llama.context_length': u32(4096),
      'llama.embedding_length': u32(WIDTH),
      'llama.feed_forward_length': u32(WIDTH),
      'llama.attention.head_count': u32(16),
      'llama.attention.head_count_kv': u32(1),
    },
    tensors: [
      { name: 'token_embd.weight', type: 'F16', shape: [WIDTH, 8] },
      { name: 'blk.0.attn_q.weight', type: 'F16', shape: [WIDTH, WIDTH] },
      { name: 'blk.0.ffn_up.weight', type: 'F16', shape: [WIDTH, 4 * WIDTH] },
      { name: 'blk.0.ffn_down.weight', type: 'F16', shape: [4 * WIDTH, WIDTH] },
    ],
  }),
)

/** What is chosen with so much memory beyond what is left to other programs. */
function chosenWith(bytes: number) {
  const machine = machineWith([], { gibibytes: 16, dataSheet: 89.6 })
  const free = { ...machine, ram: { ...machine.ram, availableBytes: 4 * GIB + bytes } }
  return createQuantizationChoice({
    readMachine: async () => ({ machine: free, notes: [] }),
    loaded: () => [],
  })(header)
}

test('the best type is chosen that fits, and lesser ones as memory gets short', async () => {
  const chosen = new Set([await chosenWith(8 * GIB)])
  for (let mebibytes = 40; mebibytes > 0; mebibytes--) {
    const type = await chosenWith(mebibytes * MIB).catch(() => undefined)
    if (type === undefined) break
    chosen.add(type)
  }
  const types = [...chosen]
  expect(types[0]).toBe('Q8_0')
  expect(types.length).toBeGreaterThan(2)
  const losses = types.map((fileType) => divergenceOf({ fileType, isNative: false }))
  expect(losses).toEqual(losses.toSorted((a, b) => a - b))
})

test('where nothing fits it says so instead of making something useless', async () => {
  await expect(chosenWith(MIB)).rejects.toMatchObject({
    code: 'quantize_failed',
    message: expect.stringMatching(/^no quantization type suits this machine: Not even .* fits/),
  })
})
