import { describe, expect, test } from 'vitest'
import { recipeModelFrom } from '../../../engine/fit/architecture.ts'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { catalogFacts, headerFacts } from '../../../engine/fit/model-facts.ts'
import { quantizedTensors, type WeightTensor } from '../../../engine/fit/recipe.ts'
import { tensorsOf } from '../../../engine/fit/tensor-list.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { type GgufTensor, type GgufValue, str, u32, writeGguf } from '../../helpers/gguf.ts'

const offer = { name: 'file', fileType: 'Q4_K_M', source: 'installed', isNative: false } as const

/** The header of a Qwen3 30B-A3B in Q4_K_M. */
function header(more: Record<string, GgufValue> = {}, extra: WeightTensor[] = []) {
  const model = catalogModel('qwen3:30b-a3b') ?? expect.unreachable('the model is unknown')
  const { architecture } = model
  const tensors = quantizedTensors(recipeModelFrom(architecture), tensorsOf(architecture), 'Q4_K_M')
  const own = {
    block_count: u32(48),
    context_length: u32(40960),
    embedding_length: u32(2048),
    feed_forward_length: u32(6144),
    'attention.head_count': u32(32),
    'attention.head_count_kv': u32(4),
    'attention.key_length': u32(128),
    'attention.value_length': u32(128),
    expert_count: u32(128),
    expert_used_count: u32(8),
    expert_feed_forward_length: u32(768),
    ...more,
  }
  const metadata = {
    'general.architecture': str('qwen3moe'),
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`qwen3moe.${key}`, value])),
  }
  const all = [...tensors, ...extra].map(({ name, type, shape }) => ({
    name,
    type: type as GgufTensor['type'],
    shape: [...shape],
  }))
  return { model, parsed: parseGguf(writeGguf({ metadata, tensors: all, headerOnly: true })) }
}

describe('a model by its file', () => {
  test('is the model of the catalog', () => {
    const { model, parsed } = header()
    const facts = headerFacts(parsed, offer)
    const expected = catalogFacts(model, [offer])
    const [own] = facts?.offers ?? []
    const [known] = expected.offers
    expect(own?.parts).toEqual(known?.parts)
    expect([own?.weightBytes, own?.isTied, own?.isExact]).toEqual([known?.weightBytes, false, true])
    expect({ ...facts, offers: [], name: '' }).toEqual({ ...expected, offers: [], name: '' })
  })

  test('does not count layers that predict further tokens, which are not loaded', () => {
    const prediction = { name: 'blk.48.nextn.eh_proj.weight', type: 'Q8_0', shape: [4096, 2048] }
    const { parsed } = header({ block_count: u32(49), nextn_predict_layers: u32(1) }, [prediction])
    const plain = headerFacts(header().parsed, offer)
    expect(headerFacts(parsed, offer)?.offers[0]?.weightBytes).toBe(plain?.offers[0]?.weightBytes)
  })

  test('is unknown when the header says too little', () => {
    const metadata = { 'general.architecture': str('llama'), 'llama.block_count': u32(12) }
    const sparse = parseGguf(writeGguf({ metadata, tensors: [], headerOnly: true }))
    expect(headerFacts(sparse, offer)).toBeUndefined()
  })
})
