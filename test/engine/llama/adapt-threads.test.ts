import { expect, test } from 'vitest'
import { adaptThreads } from '../../../engine/llama/adapt-threads.ts'

test('a change of threads is carried out and logged, and nothing else is', () => {
  const decisions = [4, 4, 3, 3]
  const seen: [number, number][] = []
  let threads = 4
  const set: number[] = []
  const logged: string[] = []
  const governor = {
    threads: () => threads,
    observe(tokens: number, ms: number) {
      seen.push([tokens, ms])
      threads = decisions.shift() ?? threads
      return threads
    },
  }
  const observe = adaptThreads(
    governor,
    (count) => set.push(count),
    (line) => logged.push(line),
  )
  for (let i = 0; i < 4; i++) observe(2, performance.now() - 50)
  expect(set).toEqual([3])
  expect(logged).toEqual(['compute threads: 3 instead of 4, to suit what else runs on this machine'])
  expect(seen.map(([tokens]) => tokens)).toEqual([2, 2, 2, 2])
  expect(Math.min(...seen.map(([, ms]) => ms))).toBeGreaterThanOrEqual(50)
})
