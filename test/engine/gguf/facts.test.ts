import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ggufFacts } from '../../../engine/gguf/facts.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { FIXTURE_MODELS, type FixtureModel, SMALL_TENSORS } from '../../helpers/fixture-models.ts'
import { fixtureWeights } from '../../helpers/fixtures.ts'
import { array, bool, str, tensorBytes, u32 } from '../../helpers/gguf.ts'

const factsOf = (model: FixtureModel) => ggufFacts(parseGguf(fixtureWeights(model)))

describe('the facts of a model', () => {
  test('of a small llama are all there', () => {
    expect(factsOf({ chatTemplate: 'T' })).toEqual({
      architecture: 'llama',
      fileType: 2,
      parameterCount: 32 * 8 + 32 + 32 * 32 + 2 * 32 * 16 + 32 * 64,
      contextLength: 8192,
      embeddingLength: 32,
      layers: 1,
      kvHeads: [2],
      keyLength: 8,
      valueLength: 8,
      vocabularySize: 8,
      chatTemplate: 'T',
      namedTemplates: {},
      bosToken: '<s>',
      eosToken: '</s>',
      addBos: true,
      fillInMiddle: undefined,
      hasPooling: false,
      isReranker: false,
      hasVision: false,
      hasAudio: false,
      tensorBytes: SMALL_TENSORS.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
    })
  })

  test('give the key and value heads of each layer', () => {
    const layers = { 'llama.block_count': u32(3) }
    const kv = (items: number[]) => ({ 'llama.attention.head_count_kv': array('int32', items) })
    expect(factsOf({ metadata: layers }).kvHeads).toEqual([2, 2, 2])
    expect(factsOf({ metadata: { ...layers, ...kv([4, 0, 2]) } }).kvHeads).toEqual([4, 0, 2])
    expect(factsOf({ metadata: { ...layers, 'llama.attention.head_count_kv': undefined } }).kvHeads).toEqual([
      4, 4, 4,
    ])
  })

  test('take the head size from the file where it is named, else share the width', () => {
    const named = { 'llama.attention.key_length': u32(256), 'llama.attention.value_length': u32(128) }
    expect(factsOf({ metadata: named })).toMatchObject({ keyLength: 256, valueLength: 128 })
    const heads = { 'llama.attention.head_count': array('int32', [0, 2]) }
    expect(factsOf({ metadata: heads })).toMatchObject({ keyLength: 16, valueLength: 16 })
  })

  test('count the vocabulary when its size is not given', () => {
    expect(factsOf({ metadata: { 'llama.vocab_size': undefined } }).vocabularySize).toBe(8)
  })

  test('carry templates by name beside the default one', () => {
    const facts = factsOf({
      chatTemplate: 'default',
      metadata: {
        'tokenizer.chat_templates': array('string', ['tool_use', '__proto__']),
        'tokenizer.chat_template.tool_use': str('tools'),
        'tokenizer.chat_template.__proto__': str('harmless'),
      },
    })
    expect(facts.chatTemplate).toBe('default')
    expect(Object.entries(facts.namedTemplates)).toEqual([
      ['tool_use', 'tools'],
      ['__proto__', 'harmless'],
    ])
  })

  test('name the fill-in-middle tokens, by newer and by older keys, when all three are there', () => {
    const expected = { prefix: '<P>', suffix: '<S>', middle: '<M>' }
    expect(factsOf(FIXTURE_MODELS.fim).fillInMiddle).toEqual(expected)
    const older = {
      'tokenizer.ggml.prefix_token_id': u32(3),
      'tokenizer.ggml.suffix_token_id': u32(4),
    }
    expect(factsOf({ metadata: older }).fillInMiddle).toBeUndefined()
    const three = { ...older, 'tokenizer.ggml.middle_token_id': u32(5) }
    expect(factsOf({ metadata: three }).fillInMiddle).toEqual(expected)
  })

  test('leave a token out whose number is outside the vocabulary', () => {
    expect(factsOf({ metadata: { 'tokenizer.ggml.bos_token_id': u32(99) } }).bosToken).toBeUndefined()
  })

  test('treat keys that nothing depends on as absent when they are of the wrong type', () => {
    const facts = factsOf({
      metadata: {
        'general.file_type': array('uint32', [2]),
        'tokenizer.chat_template': u32(1),
        'tokenizer.ggml.bos_token_id': str('1'),
        'tokenizer.ggml.add_bos_token': u32(1),
      },
    })
    expect(facts).toMatchObject({
      fileType: undefined,
      chatTemplate: undefined,
      bosToken: undefined,
      addBos: undefined,
    })
  })

  test('of a file without an architecture say unknown', () => {
    expect(factsOf({ metadata: { 'general.architecture': undefined } }).architecture).toBe('unknown')
  })

  test.each([
    ['an embedding model', { 'llama.pooling_type': u32(0) }, { hasPooling: true, isReranker: false }],
    ['a reranker', { 'llama.pooling_type': u32(4) }, { hasPooling: true, isReranker: true }],
    ['vision blocks', { 'llama.vision.block_count': u32(1) }, { hasVision: true }],
    ['audio blocks', { 'llama.audio.block_count': u32(1) }, { hasAudio: true }],
    [
      'a projector with both encoders',
      {
        'general.architecture': str('clip'),
        'clip.has_vision_encoder': bool(true),
        'clip.has_audio_encoder': bool(true),
      },
      { hasVision: true, hasAudio: true },
    ],
    [
      'the gemma3n projector, which cannot hear',
      {
        'general.architecture': str('clip'),
        'clip.projector_type': str('gemma3nv'),
        'clip.has_audio_encoder': bool(true),
      },
      { hasAudio: false },
    ],
  ])('tell %s', (_, metadata, expected) => {
    expect(factsOf({ metadata })).toMatchObject(expected)
  })

  const bundled = fileURLToPath(new URL('../../../models/snug-tiny.gguf', import.meta.url))
  test.skipIf(!existsSync(bundled))('of the bundled model are read', async () => {
    const facts = ggufFacts(await readGgufFile(bundled))
    expect(facts.architecture).toBe('llama')
    expect(facts.chatTemplate).toContain('<|im_start|>')
    expect(facts.parameterCount).toBeGreaterThan(0)
    expect(facts.kvHeads).toHaveLength(facts.layers ?? -1)
    expect(facts.eosToken).toBeDefined()
  })
})
