import { expect, test } from 'vitest'
import { createBatcher } from '../../../engine/llama/batcher.ts'
import { findLibraryDir } from '../../../engine/llama/library-dir.ts'
import { loadNativeModel } from '../../../engine/llama/native-model.ts'
import { createPrefixCache } from '../../../engine/llama/prefix/prefix-cache.ts'
import type { StepEvent } from '../../../engine/runner/protocol.ts'
import { planFor, randomModel, requestFor } from '../../helpers/runner.ts'

test('a long prompt does not hold up an answer that runs: it gets a token in every step', async () => {
  const model = await loadNativeModel(
    planFor(await randomModel(), { slots: 2, contextLength: 4096, batchTokens: 256 }),
    {
      libraryDir: findLibraryDir(undefined),
      signal: new AbortController().signal,
      onProgress() {},
      log() {},
    },
  )
  let steps = 0
  /** The steps that gave the running answer a token. */
  const answered: number[] = []
  /** The step after which the long prompt was read. */
  let promptReadAt: number | undefined
  let onEvent = () => {}
  const counting = {
    ...model,
    decode: () => {
      steps += 1
      return model.decode()
    },
  }
  const batcher = createBatcher(
    counting,
    createPrefixCache(counting, 0, undefined),
    (events: StepEvent[]) => {
      if (events.some(({ id, type }) => id === 1 && type === 'text')) answered.push(steps)
      if (events.some(({ id, type }) => id === 2 && type === 'prompt')) promptReadAt = steps
      onEvent()
    },
  )
  const until = (isDone: () => boolean) =>
    new Promise<void>((resolve) => {
      onEvent = () => {
        if (isDone()) resolve()
      }
    })

  batcher.add(1, requestFor([1, 300, 301, 302]))
  await until(() => answered.length >= 5)
  const admittedAt = steps
  batcher.add(
    2,
    requestFor(
      Array.from({ length: 2500 }, (_, i) => 260 + ((i * 7) % 250)),
      { maxTokens: 5 },
    ),
  )
  await until(() => promptReadAt !== undefined)
  const readIn = (promptReadAt ?? 0) - admittedAt
  await until(() => (answered.at(-1) ?? 0) > (promptReadAt ?? 0) + 5)
  batcher.cancel(1)
  batcher.cancel(2)

  // 2500 tokens do not fit into fewer steps of 256.
  expect(readIn).toBeGreaterThanOrEqual(10)
  const gaps = answered.slice(1).map((step, i) => step - (answered[i] ?? 0))
  expect(Math.max(...gaps)).toBeLessThanOrEqual(2)
})
