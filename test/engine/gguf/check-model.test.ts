import { describe, expect, test } from 'vitest'
import { ggufFacts } from '../../../engine/gguf/facts.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import type { FixtureModel } from '../../helpers/fixture-models.ts'
import { fixtureWeights } from '../../helpers/fixtures.ts'
import { array, bool, f32, str, u32, u64 } from '../../helpers/gguf.ts'

type Metadata = NonNullable<FixtureModel['metadata']>
const facts = (metadata: Metadata) => ggufFacts(parseGguf(fixtureWeights({ metadata })))

describe('metadata that llama.cpp cannot be trusted with is refused:', () => {
  test.each<[string, Metadata, string]>([
    [
      'an architecture that is no text',
      { 'general.architecture': u32(1) },
      'general.architecture is not a text',
    ],
    [
      'no layers',
      { 'llama.block_count': u32(0) },
      'llama.block_count is 0, not a whole number from 1 to 512',
    ],
    [
      'a layer count no list should be made for',
      { 'llama.block_count': u32(4_000_000_000) },
      'llama.block_count is 4000000000, not a whole number from 1 to 512',
    ],
    [
      'such a count in a file that names no architecture',
      { 'general.architecture': undefined, 'unknown.block_count': u32(4_000_000_000) },
      'unknown.block_count is 4000000000, not a whole number from 1 to 512',
    ],
    [
      'a negative layer count',
      { 'llama.block_count': { type: 'int32', value: -1 } },
      'llama.block_count is -1, not a whole number from 1 to 512',
    ],
    ['a layer count in words', { 'llama.block_count': str('two') }, 'llama.block_count is not a number'],
    [
      'a width beyond counting',
      { 'llama.embedding_length': u64(2n ** 63n) },
      'llama.embedding_length is 9223372036854775808, not a whole number from 1 to 16777216',
    ],
    [
      'fewer per-layer values than layers',
      { 'llama.block_count': u32(3), 'llama.attention.head_count_kv': array('uint32', [1, 2]) },
      'llama.attention.head_count_kv has 2 values for 3 layers',
    ],
    [
      'a text among per-layer values',
      { 'llama.attention.head_count': array('string', ['4']) },
      'llama.attention.head_count of layer 0 is not a number',
    ],
    [
      'heads that cannot share their keys',
      { 'llama.attention.head_count': u32(4), 'llama.attention.head_count_kv': u32(3) },
      'llama.attention.head_count_kv: 4 heads cannot share 3 evenly',
    ],
    [
      'more heads than numbers',
      { 'llama.attention.head_count': u32(64), 'llama.attention.head_count_kv': u32(64) },
      'llama.attention.head_count: 64 heads are more than 32 wide',
    ],
    [
      'an epsilon that is not a number',
      { 'llama.attention.layer_norm_rms_epsilon': f32(Number.NaN) },
      'llama.attention.layer_norm_rms_epsilon is not a number of 0 or more',
    ],
    [
      'a kind of pooling that does not exist',
      { 'llama.pooling_type': u32(5) },
      'llama.pooling_type is 5, not a whole number from 0 to 4',
    ],
    [
      'a kind of rope scaling that does not exist',
      { 'llama.rope.scaling.type': str('elastic') },
      'llama.rope.scaling.type is not one of none, linear, yarn, longrope',
    ],
    ['half a rotation', { 'llama.rope.dimension_count': u32(7) }, 'llama.rope.dimension_count is odd'],
    [
      'more predicted layers than layers',
      { 'llama.nextn_predict_layers': u32(2) },
      'llama.nextn_predict_layers is more than the 1 of block_count',
    ],
    [
      'experts nobody asks',
      { 'llama.expert_count': u32(8) },
      'llama.expert_used_count: none of 8 experts is used',
    ],
    [
      'more experts than there is room for',
      { 'llama.expert_count': u32(1025), 'llama.expert_used_count': u32(2) },
      'llama.expert_count is 1025, not a whole number from 0 to 1024',
    ],
    [
      'more experts asked than there are',
      { 'llama.expert_count': u32(8), 'llama.expert_used_count': u32(9) },
      'llama.expert_used_count: 9 experts are used of 8',
    ],
    [
      'groups that experts cannot be dealt to',
      {
        'llama.expert_count': u32(8),
        'llama.expert_used_count': u32(2),
        'llama.expert_group_count': u32(3),
      },
      'llama.expert_group_count: 8 experts do not make 3 groups',
    ],
    [
      'a vocabulary that is one number',
      { 'tokenizer.ggml.tokens': u32(1) },
      'tokenizer.ggml.tokens is not an array of string',
    ],
    [
      'a vocabulary of numbers',
      { 'tokenizer.ggml.tokens': array('uint8', [1]) },
      'tokenizer.ggml.tokens is not an array of string',
    ],
    [
      'fewer scores than tokens',
      { 'tokenizer.ggml.scores': array('float32', [0]) },
      'tokenizer.ggml.scores has 1 values for 8 tokens',
    ],
    [
      'fewer token types than tokens',
      { 'tokenizer.ggml.token_type': array('int32', [1, 1]) },
      'tokenizer.ggml.token_type has 2 values for 8 tokens',
    ],
    [
      'token types that are texts',
      { 'tokenizer.ggml.token_type': array('string', ['normal']) },
      'tokenizer.ggml.token_type is not an array of int32 or uint32',
    ],
    [
      'merges that are one text',
      { 'tokenizer.ggml.merges': str('a b') },
      'tokenizer.ggml.merges is not an array of string',
    ],
    [
      'a byte that does not say which',
      { 'tokenizer.ggml.token_type': array('int32', [1, 1, 1, 6, 1, 1, 1, 1]) },
      'tokenizer.ggml.token_type says that token 3 is a byte, but it has no text like <0x00>',
    ],
    [
      'a token in front of every text that is not there',
      {
        'tokenizer.ggml.model': str('bert'),
        'tokenizer.ggml.bos_token_id': u32(8),
      },
      'tokenizer.ggml.bos_token_id names none of the 8 tokens, and every text is to have it',
    ],
    [
      'one at the end of every text',
      {
        'tokenizer.ggml.model': str('t5'),
        'tokenizer.ggml.add_bos_token': undefined,
        'tokenizer.ggml.eos_token_id': u32(8),
        'tokenizer.ggml.add_eos_token': bool(true),
        'tokenizer.ggml.tokens': array('string', ['a']),
      },
      'tokenizer.ggml.eos_token_id names none of the 1 tokens, and every text is to have it',
    ],
    [
      'a token twice',
      { 'tokenizer.ggml.tokens': array('string', ['a', 'b', 'a']) },
      'tokenizer.ggml.tokens has "a" twice, again as token 2',
    ],
    [
      'a token called what an empty one is called',
      { 'tokenizer.ggml.tokens': array('string', ['a', '[EMPTY_2]', '']) },
      'tokenizer.ggml.tokens has "" twice, again as token 2',
    ],
    [
      'a vocabulary size that memory is asked for',
      { 'llama.vocab_size': u32(4_294_967_295) },
      'llama.vocab_size is 4294967295, not a number of tokens up to 1048576',
    ],
  ])('%s', (_, metadata, message) => {
    expect(() => facts(metadata)).toThrow(expect.objectContaining({ name: 'GgufError', message }))
  })

  test('but tokens that differ in bytes that are not UTF-8 are different', () => {
    const tokens = array('string', [Uint8Array.of(0xff), Uint8Array.of(0xfe)])
    const perToken = { 'llama.vocab_size': undefined, 'tokenizer.ggml.tokens': tokens }
    expect(facts(perToken).vocabularySize).toBe(2)
  })

  test('and a dense model that speaks of an expert is fine where llama.cpp overlooks it', () => {
    const hunyuan = { 'general.architecture': str('hunyuan-dense'), 'hunyuan-dense.expert_count': u32(1) }
    expect(facts(hunyuan).architecture).toBe('hunyuan-dense')
  })

  test('and several empty tokens are fine', () => {
    const tokens = array('string', ['', '', 'a'])
    expect(facts({ 'llama.vocab_size': undefined, 'tokenizer.ggml.tokens': tokens }).vocabularySize).toBe(3)
  })
})
