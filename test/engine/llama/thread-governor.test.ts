import { expect, test } from 'vitest'
import { createThreadGovernor } from '../../../engine/llama/thread-governor.ts'

/** A machine on which a step takes as long as `timeOf` says. Runs steps and gives the threads after each. */
function simulate(most: number, timeOf: (threads: number, tokens: number) => number) {
  const governor = createThreadGovernor(most)
  let now = 1000
  let cost = timeOf
  return {
    governor,
    change: (other: typeof timeOf) => {
      cost = other
    },
    wait: (ms: number) => {
      now += ms
    },
    run(steps: number, tokens = 1): number[] {
      return Array.from({ length: steps }, () => {
        const ms = cost(governor.threads(), tokens)
        now += ms
        return governor.observe(tokens, ms, now)
      })
    },
  }
}

/** Work that divides among the threads. */
const idle = (threads: number, tokens: number) => (80 * tokens) / threads
/** Of two cores another process has one: whoever waits for the second thread waits long. */
const contended = (threads: number) => (threads > 1 ? 500 : 80)

test('an idle machine keeps all its threads', () => {
  const { run } = simulate(4, idle)
  expect(new Set(run(500))).toEqual(new Set([4]))
})

test('a thread is given up when steps take more than three times as long, and the answer is fast again', () => {
  const { run, change, governor } = simulate(2, idle)
  run(40)
  change(contended)
  const after = run(20)
  expect(after.indexOf(1)).toBeLessThanOrEqual(3)
  expect(governor.threads()).toBe(1)
})

test('a few slow steps now and then change nothing', () => {
  const { run, change } = simulate(2, idle)
  run(40)
  for (let i = 0; i < 20; i++) {
    change(contended)
    expect(run(2)).toEqual([2, 2])
    change(idle)
    expect(new Set(run(8))).toEqual(new Set([2]))
  }
})

test('steps that are just below three times the usual change nothing', () => {
  const { run, change } = simulate(2, idle)
  run(40)
  change((threads, tokens) => 2.9 * idle(threads, tokens))
  expect(new Set(run(100))).toEqual(new Set([2]))
})

test('the thread comes back when the other process has gone', () => {
  const { run, change, governor, wait } = simulate(2, idle)
  run(40)
  change(contended)
  run(20)
  expect(governor.threads()).toBe(1)
  change(idle)
  wait(6000)
  run(20)
  expect(governor.threads()).toBe(2)
})

test('while the other process stays, more threads are tried ever more rarely', () => {
  const { run, change } = simulate(2, idle)
  run(40)
  change(contended)
  const steps = run(6000)
  const tries = steps.flatMap((threads, i) => (threads === 2 && steps[i - 1] === 1 ? [i] : []))
  expect(tries.length).toBeGreaterThan(3)
  const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0))
  expect(gaps).toEqual(gaps.toSorted((a, b) => a - b))
  const slow = steps.filter((threads) => threads === 2).length
  expect(slow / steps.length).toBeLessThan(0.02)
})

test('threads go one after another until it helps no more', () => {
  const { run, change, governor } = simulate(8, idle)
  run(40)
  // Three cores are left; each thread too many doubles the time.
  change((threads) => (threads > 3 ? 27 * 2 ** (threads - 3) : 80 / threads))
  run(80)
  expect(governor.threads()).toBe(3)
})

test('a step that is slow for another reason keeps its threads and is the new usual', () => {
  const { run, change, governor } = simulate(2, idle)
  run(40)
  change((threads) => 800 / threads)
  const steps = run(300)
  expect(governor.threads()).toBe(2)
  expect(steps.filter((threads) => threads === 1).length).toBeLessThan(12)
})

test('a larger batch is not compared with a smaller one', () => {
  const { run } = simulate(2, idle)
  run(40, 1)
  expect(new Set(run(40, 16))).toEqual(new Set([2]))
  expect(new Set(run(40, 1))).toEqual(new Set([2]))
})

test('a trial that sees no more steps of its kind is given up', () => {
  const { run, change, governor, wait } = simulate(2, idle)
  run(40)
  change(contended)
  run(4)
  expect(governor.threads()).toBe(1)
  wait(25_000)
  run(1, 5)
  expect(governor.threads()).toBe(2)
})

test('one thread stays one thread', () => {
  const { run, change } = simulate(1, idle)
  run(40)
  change(() => 10_000)
  expect(new Set(run(100))).toEqual(new Set([1]))
})
