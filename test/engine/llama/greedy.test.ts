/** The bundled model says here what it says in llama.cpp's own server, token for token. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Runner } from '../../../engine/backend.ts'
import { startRunner } from '../../../engine/runner/client.ts'
import { GREEDY_FILE, GREEDY_TOKENS, type GreedyFixture } from '../../helpers/greedy.ts'
import { outputOf, planFor, requestFor } from '../../helpers/runner.ts'
import { SNUG_TINY } from '../../helpers/snug-tiny.ts'

const { weights, answers } = JSON.parse(readFileSync(GREEDY_FILE, 'utf8')) as GreedyFixture
let runner: Runner

/** The part of a prompt that tells it from others. */
const nameOf = (prompt: string) =>
  prompt
    .replace(/<\|?[a-z_]+\|>|<\/?think>|(?<=im_start\|>)\w+\n/g, ' ')
    .trim()
    .slice(-50)

beforeAll(async () => {
  runner = await startRunner({
    plan: planFor(SNUG_TINY, { contextLength: 4096, batchTokens: 512 }),
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log() {},
  })
})
afterAll(() => runner.close())

test('the recorded answers are those of the weights that are here; if not, test/scripts/record-greedy.ts', () => {
  expect(createHash('sha256').update(readFileSync(SNUG_TINY)).digest('hex')).toBe(weights)
  expect(answers).toHaveLength(50)
})

test.each(answers.map((answer, i) => ({ name: `${i + 1}: …${nameOf(answer.prompt)}`, answer })))(
  'llama-server’s greedy answer, token for token, to $name',
  async ({ answer }) => {
    const prompt = await runner.tokenize(answer.prompt, { special: true, bos: true })
    expect(prompt).toHaveLength(answer.promptTokens)
    const { end } = await outputOf(
      runner,
      requestFor(prompt, { maxTokens: GREEDY_TOKENS, returnTokens: true }),
    )
    expect(end.tokenIds).toEqual(answer.tokens)
    expect(end.reason).toBe(answer.reason)
  },
)
