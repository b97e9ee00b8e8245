/** What becomes of requests whose runner dies, with runners that die on demand. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { collect } from '../../engine/collect.ts'
import { createEngine } from '../../engine/engine.ts'
import { EngineError } from '../../engine/errors.ts'
import { replayed } from '../../engine/replay.ts'
import type { Lease } from '../../engine/scheduler/types.ts'
import { openModelStore } from '../../engine/store/models.ts'
import { createSuspects } from '../../engine/suspects.ts'
import type { GenerateJob } from '../../engine/types.ts'
import { TEST_SETTINGS } from '../helpers/app.ts'
import { installFixtures, tempFolder } from '../helpers/fixtures.ts'
import { fragileBackend } from '../helpers/fragile-backend.ts'

const never = new AbortController().signal
const DIED = /^model runner has unexpectedly stopped, this may be due to resource limitations/
const REFUSED = /^model runner has unexpectedly stopped.*: this request has stopped two model runners/

async function fragileEngine(options: { pieces?: number } = {}) {
  const folder = await tempFolder()
  await installFixtures(folder, ['tiny'])
  const log = { info() {}, warn() {} }
  const models = await openModelStore({ folder, log, noPrune: true, templates: 'jinja' })
  const fragile = fragileBackend(options)
  const settings = { ...TEST_SETTINGS, parallel: 16 }
  const backOff = { firstMs: 1, longestMs: 2, healthyMs: 60_000 }
  const engine = createEngine({ backend: fragile.backend, settings, log, backOff })
  onTestFinished(() => engine.close())
  const model = await models.find('tiny')
  const job = (prompt: string, options: GenerateJob['options'] = {}): GenerateJob => ({
    kind: 'generate',
    model,
    rawName: 'tiny',
    options,
    prompt,
    raw: true,
    truncate: true,
    shift: true,
  })
  /** The answer's text, or the message of the error. */
  const answer = (prompt: string, options?: GenerateJob['options'], signal = never) =>
    collect(engine.run(job(prompt, options), signal)).then(
      ({ text }) => text,
      (error: Error) => error.message,
    )
  return { ...fragile, engine, job, answer }
}

const whole = (prompt: string, pieces = 3) =>
  Array.from({ length: pieces }, (_, piece) => `${prompt} ${piece};`).join('')

/** Lets so many requests come to a runner, and ends it before it has given any of them anything. */
async function killAtWork(
  { state }: Pick<Awaited<ReturnType<typeof fragileEngine>>, 'state'>,
  count: number,
) {
  await vi.waitFor(() => expect(state.atWork).toBe(count), { interval: 1 })
  state.kill()
  state.isHeld = false
}

test('a request that was given nothing when its runner died is answered by another one', async () => {
  const { answer, state } = await fragileEngine()
  state.isHeld = true
  const asked = answer('one')
  await killAtWork({ state }, 1)
  expect(await asked).toBe(whole('one'))
  expect(state).toMatchObject({ loads: 2, deaths: 1 })
})

test('a client that follows the stream sees one beginning, though its request ran twice', async () => {
  const { engine, job, state } = await fragileEngine()
  const types: string[] = []
  state.isHeld = true
  for await (const event of engine.run(job('one'), never)) {
    types.push(event.type)
    if (event.type === 'started') void killAtWork({ state }, 1)
  }
  expect(state.deaths).toBe(1)
  expect(types).toEqual(['started', 'text-delta', 'text-delta', 'text-delta', 'end'])
})

test('a request that was given something when its runner died gets Ollama’s error', async () => {
  const { engine, job, state } = await fragileEngine()
  const read = async () => {
    for await (const event of engine.run(job('one'), never)) if (event.type === 'text-delta') state.kill()
  }
  await expect(read()).rejects.toMatchObject({ code: 'runner_died', message: DIED })
  expect(state.loads).toBe(1)
})

test.each([0, 4, 8])(
  'eight requests beside one that kills its runner are all answered, and only that one is refused (it came after %d)',
  async (before) => {
    const { answer, runs, state } = await fragileEngine({ pieces: 12 })
    const innocent = Array.from({ length: 8 }, (_, i) => `innocent${i}`)
    const asked = await Promise.all(innocent.toSpliced(before, 0, 'poison0').map((prompt) => answer(prompt)))
    expect(asked[before]).toMatch(REFUSED)
    expect(asked.toSpliced(before, 1)).toEqual(innocent.map((prompt) => whole(prompt, 12)))
    expect(state.deaths).toBe(2)
    const [together, alone] = runs.filter(({ text }) => text.includes('poison'))
    expect([together?.company, alone?.company]).toEqual([before + 1, 1])
  },
)

test('a request that killed two runners is refused when it comes again, whatever its seed; others are not', async () => {
  const { answer, state } = await fragileEngine()
  expect(await answer('poison0', { seed: 1 })).toMatch(REFUSED)
  const { loads } = state
  expect(await answer('poison0', { seed: 2 })).toMatch(REFUSED)
  expect([state.deaths, state.loads]).toEqual([2, loads])
  expect(await answer('innocent')).toBe(whole('innocent'))
})

test('a request that kills in mid-answer is found out when it is sent again, and alone then', async () => {
  const { answer, state } = await fragileEngine({ pieces: 20 })
  const first = await Promise.all([answer('poison15'), answer('innocent')])
  expect(first[0]).toMatch(DIED)
  const [again, beside] = await Promise.all([answer('poison15'), answer('other')])
  expect(again).toMatch(DIED)
  expect(beside).toBe(whole('other', 20))
  expect(await answer('poison15')).toMatch(REFUSED)
  expect(state.deaths).toBe(2)
})

test('a suspect that gets well past where its runner died is joined by others, and has a clean record after it', async () => {
  const { answer, runs, state } = await fragileEngine({ pieces: 40 })
  state.isHeld = true
  const suspect = answer('one')
  await killAtWork({ state }, 1)
  await vi.waitFor(() => expect(runs).toHaveLength(2), { interval: 1 })
  const other = answer('two')
  expect(await Promise.all([suspect, other])).toEqual([whole('one', 40), whole('two', 40)])
  expect(runs.map(({ company }) => company)).toEqual([1, 1, 2])
  await Promise.all([answer('two'), answer('one')])
  expect(runs.slice(3).map(({ company }) => company)).toEqual([1, 2])
})

test('a client that leaves while its request waits to be alone holds nobody up', async () => {
  const { answer, state } = await fragileEngine({ pieces: 40 })
  const client = new AbortController()
  state.isHeld = true
  const asked = [answer('one'), answer('two', {}, client.signal), answer('three')]
  await killAtWork({ state }, 3)
  await vi.waitFor(() => expect(state.loads).toBe(2), { interval: 1 })
  client.abort()
  expect(await Promise.all(asked)).toEqual([whole('one', 40), 'request canceled', whole('three', 40)])
})

test('an error of a request whose runner lives on is passed on, not tried again', async () => {
  let runs = 0
  const lease = { release() {}, share() {}, condemn() {} } as Lease
  const request = {
    fingerprint: () => 'x',
    acquire: async () => lease,
    // biome-ignore lint/correctness/useYield: it fails before it has anything to give
    async *run() {
      runs += 1
      throw new EngineError('runner_died', 'llama_decode failed with code -3')
    },
  }
  const read = async () => {
    for await (const _ of replayed(request, createSuspects()));
  }
  await expect(read()).rejects.toThrow('llama_decode failed')
  expect(runs).toBe(1)
})
