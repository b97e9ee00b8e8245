import { describe, expect, test } from 'vitest'
import type { InstalledModel } from '../../../engine/store/types.ts'
import { readThink, thinkFor } from '../../../routes/ollama/think.ts'

const model = (modelFamily: string, capabilities: string[]) =>
  ({ config: { modelFamily }, capabilities, facts: undefined }) as unknown as InstalledModel
const plain = model('llama', ['completion'])
const thinker = model('qwen3', ['completion', 'thinking'])
const harmony = model('gptoss', ['completion', 'thinking'])

describe('what a think value means for a model', () => {
  test.each([
    ['left out, on a model that thinks', thinker, undefined, true],
    ['left out, on one that does not', plain, undefined, undefined],
    ['turned off, on a model that thinks', thinker, false, false],
    ['turned off, on one that does not', plain, false, false],
    ['a level', thinker, 'low', 'low'],
    ['the highest level', thinker, 'max', 'max'],
    ['the highest level, in the gpt-oss family', harmony, 'max', 'high'],
    ['another level, in the gpt-oss family', harmony, 'medium', 'medium'],
  ] as const)('%s', (_name, on, asked, meant) => {
    expect(thinkFor(on, asked)).toBe(meant)
  })
})

test.each([[true], [false], ['low'], ['medium'], ['high'], ['max']])('%j is read as it is', (value) => {
  expect(readThink(value)).toBe(value)
})

test.each([['High'], [''], ['true']])('the text %j is no level', (value) => {
  expect(() => readThink(value)).toThrow(`invalid think value: "${value}" (must be `)
})

test.each([[1], [[true]], [{}]])('%j is no think value', (value) => {
  expect(() => readThink(value)).toThrow('think must be a boolean or string ("high", ')
})
