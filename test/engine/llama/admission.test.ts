import { expect, test, vi } from 'vitest'
import type { LoadPlan } from '../../../engine/backend.ts'
import { hasRoomFor, usedCells } from '../../../engine/llama/admission.ts'
import type { NativeModel } from '../../../engine/llama/native-model.ts'
import { emptySlot, type Slot, type Task } from '../../../engine/llama/slots.ts'
import {
  GREEDY,
  loggedRunner,
  type Output,
  outputOf,
  planFor,
  randomModel,
  requestFor,
} from '../../helpers/runner.ts'

/** The machine may be busy. */
const PATIENT = { timeout: 10_000, interval: 5 }

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i)
const slot = (sequence: number, tokens: number[], change: Partial<Slot> = {}): Slot => ({
  ...emptySlot(sequence),
  tokens,
  lastUse: sequence,
  ...change,
})
const busy = { task: {} as Task }

/** A model with these cells, which remembers whose were dropped. */
function poolOf(cells: number) {
  const dropped: number[] = []
  const removeCells = (_memory: unknown, sequence: number) => dropped.push(sequence) > 0
  const model = {
    cells,
    contextLength: 1000,
    memory: null,
    library: { removeCells },
  } as unknown as NativeModel
  return { model, dropped }
}
const request = (promptTokens: number, maxTokens = -1) => ({
  id: 1,
  request: requestFor(range(5000, promptTokens), { maxTokens }),
})

test('cells that two slots share count once', () => {
  const shared = { isShared: true }
  expect(usedCells([slot(0, range(0, 100)), slot(1, range(0, 100))])).toBe(200)
  expect(usedCells([slot(0, range(0, 100), shared), slot(1, [...range(0, 60), 999], shared)])).toBe(101)
})

test.each([
  ['fits with room to answer', 1000, 244, -1, true],
  ['leaves too little room to answer', 1000, 245, -1, false],
  ['needs less room for a short answer', 1000, 490, 10, true],
  ['is as long as the context and so needs no more than that', 1500, 1000, -1, true],
])('beside 500 cells in use, a prompt that %s', (_name, cells, promptTokens, maxTokens, expected) => {
  const { model } = poolOf(cells)
  const slots = [slot(0, range(0, 500), busy), slot(1, [])]
  const [, target = slot(1, [])] = slots
  const placement = { slot: target, source: target, prefix: 0, common: 0 }
  expect(hasRoomFor(model, slots, request(promptTokens, maxTokens), placement)).toBe(expected)
})

test('what idle slots keep is given up for a prompt, the least recently used first and no more than needed', () => {
  const { model, dropped } = poolOf(1000)
  const target = slot(3, [])
  const slots = [
    slot(0, range(0, 300), { lastUse: 9 }),
    slot(1, range(1000, 300)),
    slot(2, range(2000, 300), busy),
  ]
  expect(
    hasRoomFor(model, [...slots, target], request(300, 50), {
      slot: target,
      source: target,
      prefix: 0,
      common: 0,
    }),
  ).toBe(true)
  expect(dropped).toEqual([1])
})

test('a pool with a whole context for every slot is never short', () => {
  const { model, dropped } = poolOf(2000)
  const slots = [slot(0, range(0, 1000)), slot(1, range(0, 1000), busy)]
  const [target = slot(0, [])] = slots
  expect(
    hasRoomFor(model, slots, request(1000), { slot: target, source: target, prefix: 0, common: 0 }),
  ).toBe(true)
  expect(dropped).toEqual([])
})

/** Two slots with one context of 512 tokens for both. */
const SHORT: Partial<LoadPlan> = {
  slots: 2,
  contextLength: 512,
  memory: { weightsBytes: Number.MAX_SAFE_INTEGER, kvBytesPerToken: 1 },
}

const shortRunner = async () => loggedRunner(planFor(await randomModel(), SHORT))

test('when memory is short, a prompt waits until its cells are free, though a slot is', async () => {
  const { runner, warnings } = await shortRunner()
  expect(warnings()).toContain('memory is short: 2 slots share 512 tokens of context')
  const first = new AbortController()
  const running = runner.generate(requestFor(range(260, 200)), first.signal)[Symbol.asyncIterator]()
  await running.next()
  const second = outputOf(runner, requestFor(range(300, 200), { maxTokens: 120 }))
  await vi.waitFor(
    async () => expect(await runner.status()).toMatchObject({ busySlots: 1, waiting: 1 }),
    PATIENT,
  )
  first.abort()
  expect((await second).end.outputTokens).toBe(120)
})

/**
 * A request whose every token is forced, so that two runs of it see the same context whatever rounding does:
 * words of the random model's vocabulary in an order that never repeats itself.
 */
function dictated(seed: number, words: number) {
  const tokens = range(0, words).map((i) => 260 + ((i * i * 7 + i * 13 + seed) % 252))
  const text = tokens.map((token) => ` w${token}`).join('')
  return requestFor([1, ...range(300 + seed, 8)], {
    grammar: `root ::= "${text}"`,
    // Not in single bytes.
    sampling: { ...GREEDY, logitBias: range(260, 252).map((token) => [token, 1000] as const) },
    maxTokens: words,
    topLogprobs: 0,
  })
}

const logprobsOf = ({ events }: Output) =>
  events
    .flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []))
    .map(({ logprob }) => logprob)

test('when the cells run out in mid-answer, the younger request goes on later and loses nothing', async () => {
  const { runner, warnings } = await shortRunner()
  const requests = [dictated(0, 400), dictated(50, 400)]
  const alone: Output[] = []
  for (const request of requests) alone.push(await outputOf(runner, request))
  const together = await Promise.all(requests.map((request) => outputOf(runner, request)))
  expect(warnings()).toContain('failed to find a memory slot')
  expect(together.map(({ text }) => text)).toEqual(alone.map(({ text }) => text))
  // What the model thinks of each word shows that every word before it is in memory, where it belongs.
  for (const [i, output] of together.entries()) {
    const expected = logprobsOf(alone[i] ?? output)
    const differences = logprobsOf(output).map((logprob, at) => Math.abs(logprob - (expected[at] ?? 0)))
    expect(differences).toHaveLength(400)
    // Rounding gives 0.06; one word missing would give 0.5.
    expect(Math.max(...differences)).toBeLessThan(0.2)
    expect(output.events.filter((event) => event.type === 'prompt')).toHaveLength(1)
  }
  expect(await runner.status()).toMatchObject({ busySlots: 0, waiting: 0 })
})

test('a client that leaves while its request is put back leaves nothing behind', async () => {
  const { runner, warnings } = await shortRunner()
  const elder = outputOf(runner, requestFor([1, ...range(300, 8)], { maxTokens: 450 }))
  const client = new AbortController()
  const younger = (async () => {
    for await (const _ of runner.generate(requestFor([1, ...range(400, 8)]), client.signal));
  })()
  await vi.waitFor(() => expect(warnings()).toContain('failed to find a memory slot'), PATIENT)
  client.abort()
  await expect(younger).rejects.toMatchObject({ name: 'AbortError' })
  expect((await elder).end.outputTokens).toBe(450)
  await vi.waitFor(
    async () => expect(await runner.status()).toMatchObject({ busySlots: 0, waiting: 0 }),
    PATIENT,
  )
})
