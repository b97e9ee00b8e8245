/** The grammars that Snug writes, read by the llama.cpp that will obey them. */
import { expect, test } from 'vitest'
import { GREEDY, outputOf, requestFor, testRunner } from '../../helpers/runner.ts'
import { grammarCases } from '../prompt/grammar/cases.ts'

const PROMPT = [1, 300, 301, 302]

test('llama.cpp reads every grammar that Snug writes', async () => {
  const runner = await testRunner({ contextLength: 1024 })
  const cases = grammarCases()
  expect(cases.length).toBeGreaterThan(50)
  for (const [index, { name, grammar }] of cases.entries()) {
    const sampling = { ...GREEDY, temperature: 1, seed: index }
    const request = requestFor(PROMPT, { grammar, sampling, maxTokens: 20 })
    const { end } = await outputOf(runner, request)
    expect(end.outputTokens, name).toBeGreaterThan(0)
  }
})
