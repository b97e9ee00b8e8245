import { describe, expect, test } from 'vitest'
import { parseModelRef, storedName } from '../../../engine/store/model-ref.ts'

describe('the suffix that says where a model runs', () => {
  test.each([
    ['gpt-oss:20b:cloud', 'gpt-oss:20b', 'cloud'],
    ['gpt-oss:20b-cloud', 'gpt-oss:20b', 'cloud'],
    ['gpt-oss:20B-Cloud', 'gpt-oss:20B', 'cloud'],
    ['qwen3:cloud', 'qwen3', 'cloud'],
    [' qwen3:CLOUD ', 'qwen3', 'cloud'],
    ['qwen3:8b:local', 'qwen3:8b', 'local'],
    ['tiny:local', 'tiny', 'local'],
    ['my-cloud-model', 'my-cloud-model', undefined],
    ['my-cloud', 'my-cloud', undefined],
    ['foo:bar-cloud/baz', 'foo:bar-cloud/baz', undefined],
    ['llama3:8b', 'llama3:8b', undefined],
    ['', '', undefined],
  ])('%j names %j and asks for %s', (text, name, source) => {
    expect(parseModelRef(text)).toEqual({ name, source })
  })

  test.each(['foo:cloud:local', 'foo:local:cloud', 'foo:20b-cloud:local', 'foo:cloud:cloud'])(
    'ollama 34: %s asks for two places and is refused',
    (text) => {
      expect(() => parseModelRef(text)).toThrow(
        expect.objectContaining({
          code: 'bad_request',
          message: `use either :local or :cloud, not both: "${text}"`,
        }),
      )
    },
  )

  test.each([
    ['x:20b:cloud', 'x:20b-cloud'],
    ['x:cloud', 'x:cloud'],
    ['h:5000/n/x:cloud', 'h:5000/n/x:cloud'],
    ['x:20b', 'x:20b'],
    ['x:20b:local', 'x:20b'],
  ])('ollama 127: %s is stored as %s', (text, stored) => {
    expect(storedName(parseModelRef(text))).toBe(stored)
  })
})
