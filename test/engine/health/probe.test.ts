import { expect, test } from 'vitest'
import type { Runner, RunnerRequest, RunnerStatus } from '../../../engine/backend.ts'
import { RunnerDiedError } from '../../../engine/errors.ts'
import { createProbe } from '../../../engine/health/probe.ts'
import type { ResidentView } from '../../../engine/scheduler/types.ts'
import type { InstalledModel } from '../../../engine/store/types.ts'
import { planFor } from '../../helpers/runner.ts'
import { ScriptedBackend } from '../../helpers/scripted-backend.ts'
import { snugTiny } from '../../helpers/snug-tiny.ts'

const model = { shortName: 'tiny:latest' } as InstalledModel

/** A probe of one model whose runner says these things of itself, the last one again and again. */
async function probed(statuses: Partial<RunnerStatus>[], change: Partial<Runner> = {}, slots = 1) {
  const plan = planFor('a', { slots })
  const runner = await new ScriptedBackend().load(plan, new AbortController().signal, () => {})
  const requests: RunnerRequest[] = []
  const generate = runner.generate.bind(runner)
  let turn = 0
  const watched: Runner = {
    ...runner,
    status: async () => {
      const now = statuses[Math.min(turn++, statuses.length - 1)]
      return { busySlots: 0, waiting: 0, outputTokens: 0, ...now }
    },
    generate: (request, signal) => {
      requests.push(request)
      return generate(request, signal)
    },
    ...change,
  }
  const resident: ResidentView<InstalledModel> & { isRetiring: boolean } = {
    key: 'a',
    plan,
    tag: model,
    users: 0,
    keepAliveMs: 1000,
    isRetiring: false,
    idleSinceMs: 0,
    runner: watched,
  }
  return { probe: createProbe(() => [resident]), resident, requests, turns: () => turn }
}

test('a model with nothing to do has to give one token', async () => {
  const { probe, requests } = await probed([{}])
  expect(await probe(5000)).toMatchObject([{ result: 'token' }])
  expect(requests).toMatchObject([{ maxTokens: 1 }])
})

test('a model whose answers go on is well, and is given nothing to do', async () => {
  const { probe, requests } = await probed([
    { busySlots: 1, waiting: 9, outputTokens: 5 },
    { busySlots: 1, waiting: 9, outputTokens: 6 },
  ])
  expect(await probe(5000)).toMatchObject([{ result: 'busy' }])
  expect(requests).toEqual([])
})

test('a model that reads a long prompt is well while its steps end', async () => {
  const { probe } = await probed([
    { busySlots: 1, steps: 7 },
    { busySlots: 1, steps: 7 },
    { busySlots: 1, steps: 8 },
  ])
  expect(await probe(5000)).toMatchObject([{ result: 'busy' }])
})

test('a model whose clients do not read is well', async () => {
  const { probe } = await probed([{ busySlots: 1, pausedSlots: 1 }])
  expect(await probe(5000)).toMatchObject([{ result: 'busy' }])
})

test('a model that is at work and gets nothing done has failed', async () => {
  const { probe, requests, turns } = await probed([{ busySlots: 1, outputTokens: 5, steps: 7 }])
  expect(await probe(200)).toMatchObject([{ result: 'failed', reason: 'no token within 200 ms' }])
  expect(requests).toEqual([])
  expect(turns()).toBeGreaterThan(1)
})

test('a model with a free slot beside work that does not move has to give a token', async () => {
  const { probe, requests } = await probed([{ busySlots: 1, steps: 7 }], {}, 2)
  expect(await probe(5000)).toMatchObject([{ result: 'token' }])
  expect(requests).toHaveLength(1)
})

test('a runner that does not even say what it is doing has failed', async () => {
  const { probe } = await probed([], { status: () => new Promise(() => {}) })
  expect(await probe(20)).toMatchObject([{ result: 'failed', reason: 'no token within 20 ms' }])
})

test('a runner that dies has failed, and one that was let go meanwhile is left out', async () => {
  const dies = async () => {
    throw new RunnerDiedError('it was killed')
  }
  const dead = await probed([], { status: dies, gone: Promise.resolve(new Error('killed')) })
  expect(await dead.probe(5000)).toMatchObject([
    { result: 'failed', reason: expect.stringContaining('it was killed') },
  ])
  const letGo = await probed([], { status: dies, gone: Promise.resolve(undefined) })
  expect(await letGo.probe(5000)).toEqual([])
})

test('models that load, and those on their way out, are not asked', async () => {
  const { probe, resident, turns } = await probed([{}])
  resident.isRetiring = true
  expect(await probe(5000)).toEqual([])
  Object.assign(resident, { isRetiring: false, runner: undefined })
  expect(await probe(5000)).toEqual([])
  expect(turns()).toBe(0)
})

test('callers who come while a probe runs share it', async () => {
  const { probe, requests } = await probed([{}])
  const [first, second] = await Promise.all([probe(5000), probe(5000)])
  expect(second).toBe(first)
  await probe(5000)
  expect(requests).toHaveLength(2)
})

test('a real model gives its token, beside answers too, and is let go as if nobody had asked', async () => {
  const { engine, model: tiny } = await snugTiny({ parallel: 1 })
  const signal = new AbortController().signal
  await engine.load({ model: tiny, options: {}, keepAliveMs: 60_000 }, signal)
  const [before] = engine.loaded()
  expect(await engine.probe(30_000)).toMatchObject([
    { model: { shortName: 'snug-tiny:latest' }, result: 'token' },
  ])
  expect(engine.loaded()[0]?.expiresAtMs).toBe(before?.expiresAtMs)
  const stop = new AbortController()
  const answer = engine
    .run(
      {
        kind: 'generate',
        model: tiny,
        rawName: 'snug-tiny',
        prompt: 'Once upon a time',
        raw: true,
        options: { maxTokens: -1, logitBias: [] },
        truncate: true,
        shift: true,
      },
      stop.signal,
    )
    [Symbol.asyncIterator]()
  let next = await answer.next()
  // One slot, and it is taken.
  while (next.done !== true && next.value.type !== 'text-delta') next = await answer.next()
  const probes = engine.probe(30_000)
  const drained = (async () => {
    while ((await answer.next()).done !== true) {}
  })().catch(() => {})
  expect((await probes)[0]?.result).toMatch(/^(busy|token)$/)
  stop.abort()
  await drained
})
