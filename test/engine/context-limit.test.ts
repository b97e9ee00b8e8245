/** A request for a short context on a runner that was loaded with a longer one, with the bundled model. */
import { expect, onTestFinished, test } from 'vitest'
import { collect } from '../../engine/collect.ts'
import type { GenerateJob } from '../../engine/types.ts'
import { tempFolder } from '../helpers/fixtures.ts'
import { openSnugTiny } from '../helpers/snug-tiny.ts'

const never = new AbortController().signal

async function opened() {
  const { engine, models } = await openSnugTiny(await tempFolder())
  onTestFinished(() => engine.close())
  const model = await models.find('snug-tiny')
  const job = (contextLength: number, change: Partial<GenerateJob> = {}): GenerateJob => ({
    kind: 'generate',
    model,
    rawName: 'snug-tiny',
    options: { contextLength, temperature: 0, maxTokens: -1 },
    prompt: 'one two three '.repeat(20),
    raw: true,
    truncate: false,
    shift: false,
    ...change,
  })
  const answer = (...args: Parameters<typeof job>) => collect(engine.run(job(...args), never))
  await engine.load(job(512), never)
  return { engine, answer }
}

test('ends where its own context would have ended, and nothing is loaded anew', async () => {
  const { engine, answer } = await opened()
  const { reason, usage } = await answer(96, { prompt: 'one two three '.repeat(8) })
  expect([reason, usage.promptTokens + usage.outputTokens]).toEqual(['length', 97])
  expect(engine.loaded()).toMatchObject([{ contextLength: 512 }])
})

test('is refused a prompt that its own context could not hold', async () => {
  const { answer } = await opened()
  await expect(answer(32)).rejects.toMatchObject({
    code: 'context_overflow',
    details: { contextLength: 32 },
  })
})

test('forgets its oldest tokens where its own context would have made it', async () => {
  const { answer } = await opened()
  const options = { contextLength: 64, temperature: 0, maxTokens: 100, keepTokens: 4 }
  const { usage } = await answer(64, { options, shift: true, prompt: 'one two three '.repeat(4) })
  expect(usage.shiftedTokens).toBeGreaterThan(0)
})
