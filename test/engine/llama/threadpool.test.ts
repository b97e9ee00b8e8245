import { expect, test } from 'vitest'
import { openLibrary } from '../../../engine/llama/library.ts'
import { findLibraryDir } from '../../../engine/llama/library-dir.ts'
import { createThreadpool } from '../../../engine/llama/threadpool.ts'
import { outputOf, planFor, randomModel, requestFor, runnerFor } from '../../helpers/runner.ts'

test('the library gives a pool for several threads, and none is made for one', () => {
  const library = openLibrary(findLibraryDir(undefined))
  library.loadBackends(library.folder)
  expect(createThreadpool(library, 2)).toBeTypeOf('bigint')
  expect(createThreadpool(library, 1)).toBeUndefined()
})

test('two threads that stay between steps answer as one does', async () => {
  const model = await randomModel()
  const texts: string[] = []
  for (const threads of [1, 2]) {
    const runner = await runnerFor(planFor(model, { threads }))
    texts.push((await outputOf(runner, requestFor([1, 300, 301, 302], { maxTokens: 20 }))).text)
  }
  expect(texts[1]).toBe(texts[0])
})
