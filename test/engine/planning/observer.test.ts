import { expect, test } from 'vitest'
import type { Backend, LoadPlan, Runner, RunnerEvent } from '../../../engine/backend.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { headerFacts } from '../../../engine/fit/model-facts.ts'
import { reportOf } from '../../../engine/fit/report.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import type { HistoryEntry } from '../../../engine/planning/history.ts'
import { createObserver, measurementsFor, memoryByDevice } from '../../../engine/planning/observer.ts'
import type { LoadPlanner } from '../../../engine/planning/types.ts'
import { writeGguf } from '../../helpers/gguf.ts'
import { machineWith } from '../../helpers/machines.ts'
import { metadataOf, SHAPE_100M, tensorsOf } from '../../helpers/random-model.ts'
import { planFor, requestFor } from '../../helpers/runner.ts'

const MACHINE = machineWith([], { gibibytes: 32, dataSheet: 40 })
const NEEDS = { RAM: 5e8 }
const header = parseGguf(
  writeGguf({ metadata: metadataOf(SHAPE_100M), tensors: tensorsOf(SHAPE_100M), headerOnly: true }),
)
const MODEL =
  headerFacts(header, { name: 'm', fileType: 'Q8_0', source: 'installed', isNative: false }) ??
  expect.unreachable('the header is enough')
const decision = (measurements?: ReadonlyMap<string, number>) =>
  decide({ model: MODEL, machine: MACHINE, ...(measurements && { measurements }) }, { contextLength: 4096 })

/** Answers of so many tokens, each in 10 ms, that end when the test says so. */
function backendOf(ends: Promise<void>[]): Backend {
  const info = { slots: 1, buffers: [{ device: 'CPU', kind: 'weights', bytes: 4e8 }] }
  const runner = {
    info,
    async *generate(): AsyncGenerator<RunnerEvent> {
      yield { type: 'prompt', promptTokens: 10, cachedTokens: 0, promptMs: 5 }
      await ends.shift()
      yield { type: 'end', reason: 'stop', outputTokens: tokens.shift() ?? 101, outputMs: 1000, ...drafts }
    },
  }
  // An answer and what a load took are all that is looked at.
  return { name: 'test', load: async () => runner as unknown as Runner, close: async () => {} }
}
let tokens: number[] = []
let drafts: { draftedTokens?: number; acceptedTokens?: number } = {}

async function watched(ends: Promise<void>[] = []) {
  let entries: readonly HistoryEntry[] = []
  const history = {
    entries: () => entries,
    update(change: (old: readonly HistoryEntry[]) => HistoryEntry[]) {
      entries = change(entries)
    },
  }
  const observer = createObserver({ history, now: () => 1 })
  const plan: LoadPlan = planFor('/models/blobs/sha256-1', { contextLength: 4096 })
  const planner: LoadPlanner = { plan: async () => ({ plan, needs: NEEDS, fit: decision() }) }
  const wish = { model: { shortName: 'm:latest' }, plan } as unknown as Parameters<LoadPlanner['plan']>[0]
  const nobody = { staying: {}, loading: {}, leaving: {} }
  const load = await observer.planner(planner).plan(wish, nobody)
  const backend = observer.backend(backendOf(ends))
  const runner = await backend.load({ ...load.plan }, new AbortController().signal, () => {})
  const answer = async () => {
    for await (const _ of runner.generate(requestFor([1]), new AbortController().signal));
  }
  return { history, answer }
}

test('a load is noted with what was predicted of it', async () => {
  const { history } = await watched()
  expect(history.entries()).toEqual([
    {
      devices: `${MACHINE.cores} CPU cores`,
      weights: 'sha256-1',
      plan: 'Q8_0 cpu 0/0',
      name: 'm:latest',
      usedAtMs: 1,
      speeds: [],
      memory: {
        contextLength: 4096,
        cacheType: 'f16',
        sequences: 1,
        predicted: NEEDS,
        actual: { RAM: 4e8 },
      },
    },
  ])
})

test('after one answer the table shows the measured speed and says so', async () => {
  tokens = [101]
  const { history, answer } = await watched()
  await answer()
  const measurements = measurementsFor(history, MACHINE, ['/elsewhere/blobs/sha256-1'])
  const report = reportOf(decision(measurements))
  // 100 steps in a second, a little faster with an empty cache than with 60 tokens in it.
  expect(report.chosen?.speed).toMatch(/^10\d measured$/)
  expect(reportOf(decision()).chosen?.speed).not.toContain('measured')
})

test('a short answer says nothing about speed', async () => {
  tokens = [31, 32]
  const { history, answer } = await watched()
  await answer()
  expect(history.entries()[0]?.speeds).toEqual([])
  await answer()
  expect(history.entries()[0]?.speeds.map(({ measured }) => measured)).toEqual([31])
})

test('an answer that repeats itself, with tokens computed ahead, says nothing about speed', async () => {
  tokens = [101, 101]
  const { history, answer } = await watched()
  drafts = { draftedTokens: 20, acceptedTokens: 15 }
  await answer()
  expect(history.entries()[0]?.speeds).toEqual([])
  // A few of them change little.
  drafts = { draftedTokens: 20, acceptedTokens: 5 }
  await answer()
  expect(history.entries()[0]?.speeds).toHaveLength(1)
})

test('answers that share the machine say nothing about speed', async () => {
  tokens = [101, 101, 101]
  let end = () => {}
  const first = new Promise<void>((resolve) => {
    end = resolve
  })
  const { history, answer } = await watched([first])
  const long = answer()
  await answer()
  end()
  await long
  expect(history.entries()[0]?.speeds).toEqual([])
  await answer()
  expect(history.entries()[0]?.speeds).toHaveLength(1)
})

test('a load that nobody planned is left alone', async () => {
  const observer = createObserver({ history: { update: () => expect.unreachable('nothing is known') } })
  const runner = await observer
    .backend(backendOf([]))
    .load(planFor('/m.gguf'), new AbortController().signal, () => {})
  const events: string[] = []
  for await (const { type } of runner.generate(requestFor([1]), new AbortController().signal))
    events.push(type)
  expect(events).toEqual(['prompt', 'end'])
})

test('memory that a driver pins lies in main memory', () => {
  expect(
    memoryByDevice([
      { device: 'CUDA0', kind: 'weights', bytes: 4 },
      { device: 'CUDA0', kind: 'kv', bytes: 2 },
      { device: 'CUDA_Host', kind: 'compute', bytes: 1 },
      { device: 'CPU_Mapped', kind: 'weights', bytes: 3 },
    ]),
  ).toEqual({ CUDA0: 6, RAM: 4 })
})
