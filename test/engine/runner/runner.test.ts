import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { Runner, RunnerRequest } from '../../../engine/backend.ts'
import { startRunner } from '../../../engine/runner/client.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { GREEDY, outputOf, planFor, randomModel, requestFor, testRunner } from '../../helpers/runner.ts'

const PROMPT = [1, 300, 301, 302, 303, 304, 305, 306]
const never = new AbortController().signal

/** Starts a request and reads until its first text. */
async function firstText(runner: Runner, request: RunnerRequest, signal: AbortSignal) {
  const events = runner.generate(request, signal)[Symbol.asyncIterator]()
  for (;;) {
    const { value, done } = await events.next()
    if (done === true) throw new Error('no text came')
    if (value.type === 'text') return events
  }
}

test('a load tells its progress and the memory it took, by device and kind', async () => {
  const progress: number[] = []
  const runner = await startRunner({
    plan: planFor(await randomModel(), { slots: 2 }),
    libraryDir: undefined,
    environment: {},
    signal: never,
    onProgress: (fraction) => progress.push(fraction),
    log() {},
  })
  const { info } = runner
  await runner.close()
  expect(progress.at(-1)).toBe(1)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(info).toMatchObject({
    contextLength: 256,
    slots: 2,
    vocabularySize: 512,
    sizeVramBytes: 0,
    addsBos: true,
  })
  expect(new Set(info.buffers.map((buffer) => buffer.kind))).toEqual(
    new Set(['weights', 'kv', 'compute', 'output']),
  )
  // 2 layers × K and V × 2 KV heads × 16 dimensions × 512 cells × 2 bytes.
  // llama.cpp says it in MiB with two decimals.
  const kvMebibytes = (info.buffers.find((buffer) => buffer.kind === 'kv')?.bytes ?? 0) / 2 ** 20
  expect(Math.abs(kvMebibytes - (2 * 2 * 2 * 16 * 512 * 2) / 2 ** 20)).toBeLessThan(0.01)
  expect(info.sizeBytes).toBe(info.buffers.reduce((sum, { bytes }) => sum + bytes, 0))
})

test('tokens and text are each other’s inverse, and special texts become control tokens only when asked', async () => {
  const runner = await testRunner()
  const plain = await runner.tokenize('héllo </s>', { special: false, bos: false })
  const special = await runner.tokenize('héllo </s>', { special: true, bos: true })
  expect(plain).not.toContain(2)
  expect([special[0], special.at(-1)]).toEqual([1, 2])
  expect((await runner.detokenize(plain)).trim()).toBe('héllo </s>')
})

test('the token limit ends an answer as cut off, and 0 gives none', async () => {
  const runner = await testRunner()
  const five = await outputOf(runner, requestFor(PROMPT, { maxTokens: 5, returnTokens: true }))
  expect(five.end).toMatchObject({ reason: 'length', outputTokens: 5 })
  expect(five.end.tokenIds).toHaveLength(5)
  expect(five.text.trim()).toBe(await runner.detokenize(five.end.tokenIds ?? []))
  const none = await outputOf(runner, requestFor(PROMPT, { maxTokens: 0 }))
  expect([none.end.reason, none.end.outputTokens, none.text]).toEqual(['length', 0, ''])
})

test('the same seed gives the same text, another seed another', async () => {
  const runner = await testRunner()
  const sample = async (seed: number) => {
    const sampling = { ...GREEDY, temperature: 1, seed }
    return (await outputOf(runner, requestFor(PROMPT, { sampling, maxTokens: 30 }))).text
  }
  const first = await sample(7)
  for (let i = 0; i < 10; i++) expect(await sample(7)).toBe(first)
  expect(await sample(8)).not.toBe(first)
})

test('each sampling option has its effect', async () => {
  const runner = await testRunner()
  const ids = async (change: Partial<typeof GREEDY>, maxTokens = 40) => {
    const sampling = { ...GREEDY, ...change }
    const request = requestFor(PROMPT, { sampling, maxTokens, returnTokens: true })
    return (await outputOf(runner, request)).end.tokenIds ?? []
  }
  const greedy = await ids({})
  const hot = { temperature: 5, seed: 3 }
  expect(await ids(hot)).not.toEqual(greedy)
  // Each of these leaves the best token alone to be drawn.
  expect(await ids({ ...hot, topK: 1 })).toEqual(greedy)
  expect(await ids({ ...hot, topP: 1e-6 })).toEqual(greedy)
  expect(await ids({ ...hot, minP: 1 })).toEqual(greedy)
  expect(await ids({ ...hot, typicalP: 1e-6 })).not.toEqual(await ids(hot))
  expect(await ids({ logitBias: [[400, 1000]] }, 3)).toEqual([400, 400, 400])
  expect(await ids({ logitBias: [[greedy[0] ?? 0, -1000]] }, 1)).not.toContain(greedy[0])
  // A greedy random model soon repeats itself; penalties forbid it.
  const distinct = async (change: Partial<typeof GREEDY>) => new Set(await ids(change)).size
  const base = await distinct({})
  expect(await distinct({ repeatPenalty: 50 })).toBeGreaterThan(base)
  expect(await distinct({ presencePenalty: 100 })).toBeGreaterThan(base)
  expect(await distinct({ frequencyPenalty: 100 })).toBeGreaterThan(base)
  expect(await distinct({ presencePenalty: 100, repeatLastN: 0 })).toBe(base)
})

test('penalties look back into the prompt', async () => {
  const runner = await testRunner()
  const best = (await outputOf(runner, requestFor(PROMPT, { maxTokens: 1, returnTokens: true }))).end
    .tokenIds?.[0]
  const withBest = [1, best ?? 0, ...PROMPT.slice(1)]
  const sampling = { ...GREEDY, logitBias: [[best ?? 0, 50] as const] }
  const first = async (change: object) => {
    const request = requestFor(withBest, {
      sampling: { ...sampling, ...change },
      maxTokens: 1,
      returnTokens: true,
    })
    return (await outputOf(runner, request)).end.tokenIds?.[0]
  }
  expect(await first({})).toBe(best)
  expect(await first({ presencePenalty: 1000 })).not.toBe(best)
})

test('control tokens are silent, but for the tags a request asks to see', async () => {
  const runner = await testRunner()
  // `<s>` is a control token and not an end of generation.
  const sampling = { ...GREEDY, logitBias: [[1, 1000] as const] }
  const request = requestFor(PROMPT, { sampling, maxTokens: 3 })
  expect((await outputOf(runner, request)).text).toBe('')
  expect((await outputOf(runner, { ...request, tags: ['<s>', 'w300 w301'] })).text).toBe('<s><s><s>')
})

test('a stop string ends the answer and is not part of it', async () => {
  const runner = await testRunner()
  const whole = (await outputOf(runner, requestFor(PROMPT, { maxTokens: 20 }))).text
  const stop = whole.slice(10, 16)
  const cut = await outputOf(runner, requestFor(PROMPT, { maxTokens: 20, stop: ['never said', stop] }))
  expect(cut.text).toBe(whole.slice(0, whole.indexOf(stop)))
  expect(cut.end.reason).toBe('stop')
})

test('a grammar is obeyed, and a malformed one refused before anything is generated', async () => {
  const runner = await testRunner()
  const sampling = { ...GREEDY, temperature: 2 }
  for (const seed of [1, 2, 3]) {
    const grammar = 'root ::= "{" ("yes" | "no") "}"'
    const { text, end } = await outputOf(
      runner,
      requestFor(PROMPT, { grammar, sampling: { ...sampling, seed } }),
    )
    expect(text).toMatch(/^ ?\{(yes|no)\}$/)
    expect(end.reason).toBe('stop')
  }
  await expect(outputOf(runner, requestFor(PROMPT, { grammar: 'root ::= nonsense' }))).rejects.toMatchObject({
    code: 'bad_format',
  })
  expect((await outputOf(runner, requestFor(PROMPT, { maxTokens: 2 }))).end.outputTokens).toBe(2)
})

test('log-probabilities belong to the tokens of the text, best alternatives first', async () => {
  const runner = await testRunner()
  const { events, text } = await outputOf(runner, requestFor(PROMPT, { maxTokens: 8, topLogprobs: 3 }))
  const logprobs = events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []))
  expect(logprobs).toHaveLength(8)
  expect(Buffer.from(logprobs.flatMap((entry) => entry.bytes)).toString()).toBe(text)
  for (const { token, logprob, alternatives } of logprobs) {
    expect(alternatives).toHaveLength(3)
    expect(alternatives[0]).toMatchObject({ token, logprob })
    expect(alternatives.map((a) => a.logprob)).toEqual(
      alternatives.map((a) => a.logprob).toSorted((a, b) => b - a),
    )
    expect(logprob).toBeLessThan(0)
  }
  const all = await outputOf(runner, requestFor(PROMPT, { maxTokens: 1, topLogprobs: 512 }))
  const first = all.events.find((event) => event.type === 'text')
  const sum = first?.logprobs?.[0]?.alternatives.reduce((total, { logprob }) => total + Math.exp(logprob), 0)
  expect(sum).toBeCloseTo(1, 4)
})

test('a prompt with a known beginning is evaluated only from where it differs', async () => {
  const runner = await testRunner({ slots: 2, contextLength: 512 })
  const prompt = Array.from({ length: 200 }, (_, i) => 260 + (i % 250))
  const cold = await outputOf(runner, requestFor(prompt, { maxTokens: 10 }))
  const again = await outputOf(runner, requestFor(prompt, { maxTokens: 10 }))
  const longer = await outputOf(runner, requestFor([...prompt.slice(0, 150), 400, 401], { maxTokens: 10 }))
  expect([cold, again, longer].map((output) => output.prompt.cachedTokens)).toEqual([0, 199, 150])
  expect(again.text).toBe(cold.text)
})

test('a slot takes over the beginning of a prompt from a slot that is busy with it', async () => {
  const runner = await testRunner({ slots: 2, contextLength: 512 })
  const prompt = Array.from({ length: 100 }, (_, i) => 260 + (i % 250))
  const alone = await outputOf(runner, requestFor([...prompt, 300], { maxTokens: 10 }))
  const client = new AbortController()
  const busy = await firstText(runner, requestFor([...prompt, 400]), client.signal)
  const shared = await outputOf(runner, requestFor([...prompt, 300], { maxTokens: 10 }))
  expect(shared.prompt.cachedTokens).toBeGreaterThanOrEqual(100)
  expect(shared.text).toBe(alone.text)
  client.abort()
  await expect(busy.next()).rejects.toThrow()
})

test('two requests run side by side and a third waits for a slot', async () => {
  const runner = await testRunner({ slots: 2 })
  const clients = [new AbortController(), new AbortController()]
  for (const { signal } of clients) await firstText(runner, requestFor(PROMPT), signal)
  const third = outputOf(runner, requestFor(PROMPT, { maxTokens: 3 }))
  await vi.waitFor(async () => expect(await runner.status()).toMatchObject({ busySlots: 2, waiting: 1 }))
  clients[0]?.abort()
  expect((await third).end.outputTokens).toBe(3)
  clients[1]?.abort()
})

test('a request that waits gets the slot of an answer that ends because the context is full', async () => {
  const runner = await testRunner()
  const first = outputOf(runner, requestFor(PROMPT, { shift: false }))
  const second = outputOf(runner, requestFor([...PROMPT, 307], { shift: false, maxTokens: 5 }))
  expect((await first).end.reason).toBe('length')
  expect((await second).end.outputTokens).toBe(5)
})

test('a request that is refused does not hold up one that comes at the same moment', async () => {
  const runner = await testRunner()
  const refused = outputOf(runner, requestFor([]))
  const served = outputOf(runner, requestFor(PROMPT, { maxTokens: 3 }))
  await expect(refused).rejects.toMatchObject({ code: 'bad_request' })
  expect((await served).end.outputTokens).toBe(3)
})

test('a client that left before its request was sent takes no slot', async () => {
  const runner = await testRunner()
  const gone = runner.generate(requestFor(PROMPT), AbortSignal.abort())[Symbol.asyncIterator]()
  await expect(gone.next()).rejects.toMatchObject({ name: 'AbortError' })
  expect(await runner.status()).toMatchObject({ busySlots: 0, waiting: 0 })
})

test('absurd options do no harm', async () => {
  const runner = await testRunner({ mainGpu: 0, threads: 1 })
  const sampling = { ...GREEDY, repeatLastN: 2_000_000_000, repeatPenalty: 1.1 }
  const request = requestFor(PROMPT, { sampling, maxTokens: 3, keepTokens: 1e9 })
  expect((await outputOf(runner, request)).end.outputTokens).toBe(3)
})

test('a client that leaves in the middle of an answer frees its slot within 200 ms', async () => {
  const runner = await testRunner()
  const client = new AbortController()
  const events = await firstText(runner, requestFor(PROMPT), client.signal)
  expect((await runner.status()).busySlots).toBe(1)
  const leftAt = performance.now()
  client.abort()
  await expect(events.next()).rejects.toMatchObject({ name: 'AbortError' })
  while ((await runner.status()).busySlots > 0);
  expect(performance.now() - leftAt).toBeLessThan(200)
})

test('a client that leaves in the middle of its prompt frees its slot, and the next answer is right', async () => {
  const runner = await testRunner({ contextLength: 4096, batchTokens: 512 })
  const expected = (await outputOf(runner, requestFor(PROMPT, { maxTokens: 10 }))).text
  const client = new AbortController()
  const long = Array.from({ length: 4000 }, (_, i) => 260 + ((i * 7) % 250))
  const events = runner.generate(requestFor(long), client.signal)[Symbol.asyncIterator]()
  const first = events.next()
  await vi.waitFor(async () => expect((await runner.status()).busySlots).toBe(1), { interval: 1 })
  client.abort()
  await expect(first).rejects.toMatchObject({ name: 'AbortError' })
  await vi.waitFor(async () => expect((await runner.status()).busySlots).toBe(0), { interval: 1 })
  expect((await outputOf(runner, requestFor(PROMPT, { maxTokens: 10 }))).text).toBe(expected)
})

test('an answer may run past the context when it may forget, and is cut off when not', async () => {
  const runner = await testRunner()
  const cut = await outputOf(runner, requestFor(PROMPT, { shift: false }))
  expect([cut.end.reason, cut.end.outputTokens]).toEqual(['length', 256 - PROMPT.length + 1])
  const long = await outputOf(runner, requestFor(PROMPT, { maxTokens: 700 }))
  expect([long.end.reason, long.end.outputTokens]).toEqual(['length', 700])
})

test('an answer that shares cells with another one forgets without harming it', async () => {
  const runner = await testRunner({ slots: 2 })
  const prompt = Array.from({ length: 100 }, (_, i) => 260 + (i % 250))
  const alone = await outputOf(runner, requestFor([...prompt, 300], { maxTokens: 100 }))
  const shifting = outputOf(runner, requestFor([...prompt, 400], { maxTokens: 600 }))
  const beside = await outputOf(runner, requestFor([...prompt, 300], { maxTokens: 100 }))
  expect((await shifting).end.outputTokens).toBe(600)
  expect(beside.text).toBe(alone.text)
})

test('a prompt longer than the context, an empty one and an unknown token are refused with the reason', async () => {
  const runner = await testRunner()
  const refused = (prompt: number[]) => expect(outputOf(runner, requestFor(prompt))).rejects
  await refused(Array(300).fill(300)).toMatchObject({
    code: 'context_overflow',
    message: /300 tokens.*256 tokens/,
  })
  await refused([]).toMatchObject({ code: 'bad_request' })
  await refused([1, 512]).toMatchObject({ code: 'bad_request', message: /token 512/ })
})

test('ollama 168: a killed child fails the request that runs, in Ollama’s words', async () => {
  const runner = await testRunner()
  const events = await firstText(runner, requestFor(PROMPT), never)
  process.kill(await pidOf(runner), 'SIGKILL')
  const rest = async () => {
    for (;;) if ((await events.next()).done === true) return
  }
  await expect(rest()).rejects.toMatchObject({
    code: 'runner_died',
    message:
      /^model runner has unexpectedly stopped, this may be due to resource limitations or an internal error/,
  })
  expect(await runner.gone).toMatchObject({ code: 'runner_died' })
  await expect(outputOf(runner, requestFor(PROMPT))).rejects.toMatchObject({ code: 'runner_died' })
})

test('a file that is no model is refused with llama.cpp’s reason and leaves no process behind', async () => {
  const path = join(await tempFolder(), 'broken.gguf')
  await writeFile(path, 'GGUF but not really')
  const load = startRunner({
    plan: planFor(path),
    libraryDir: undefined,
    environment: {},
    signal: never,
    onProgress() {},
    log() {},
  })
  await expect(load).rejects.toMatchObject({ code: 'load_failed', message: /unable to load model/ })
})

async function pidOf(runner: Runner): Promise<number> {
  const { pid } = await runner.status()
  if (pid === undefined) throw new Error('the runner has no process')
  return pid
}
