import { readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { LoadPlan, Runner } from '../../../engine/backend.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { writeHybridModel, writeWindowModel } from '../../helpers/random-forgetful-model.ts'
import { outputOf, planFor, randomModel, requestFor, runnerFor } from '../../helpers/runner.ts'
import { SNUG_TINY } from '../../helpers/snug-tiny.ts'

const MIB = 2 ** 20
const ram = (bytes: number): Partial<LoadPlan> => ({ cache: { ramBytes: bytes, dirBytes: 0 } })
const disk = (dir: string, dirBytes = 1000 * MIB, ramBytes = 0): Partial<LoadPlan> => ({
  cache: { ramBytes, dir, dirBytes },
})
const NOTHING = ram(0)

/** Prompts that differ from their first token on, made of tokens that every model here knows. */
const story = (seed: number, length: number): number[] =>
  Array.from({ length }, (_, i) => 260 + ((i * (7 + seed) + seed * 31) % 240))

const ask = (runner: Runner, prompt: number[], maxTokens = 12) =>
  outputOf(runner, requestFor(prompt, { maxTokens }))
const told = async (runner: Runner, prompt: number[]) => {
  const { text, prompt: evaluated } = await ask(runner, prompt)
  return { text, cached: evaluated.cachedTokens, of: evaluated.promptTokens }
}
/** What a model says to a prompt that no cache has seen. */
const fresh = async (plan: LoadPlan, prompt: number[]) => {
  const runner = await runnerFor({ ...plan, ...NOTHING })
  const { text } = await ask(runner, prompt)
  await runner.close()
  return text
}
const filesIn = (dir: string) => readdir(join(dir, 'prefixes'))

test.each(['f16', 'q8_0'] as const)(
  'a prompt whose slot another one took answers from memory as if computed fresh, with a %s cache',
  async (kvCacheType) => {
    const plan = planFor(SNUG_TINY, { contextLength: 512, kvCacheType, flashAttention: true })
    const runner = await runnerFor({ ...plan, ...ram(64 * MIB) })
    const first = story(1, 300)
    const cold = await told(runner, first)
    await told(runner, story(2, 300))
    expect(await told(runner, first)).toEqual({ text: cold.text, cached: 299, of: 300 })
    expect(await fresh(plan, first)).toBe(cold.text)
  },
)

test('without memory for it nothing is kept', async () => {
  const runner = await runnerFor(planFor(SNUG_TINY, { contextLength: 512, ...NOTHING }))
  await told(runner, story(1, 300))
  await told(runner, story(2, 300))
  expect((await told(runner, story(1, 300))).cached).toBe(0)
})

test('the memory is bounded: the prompt unused for longest is forgotten', async () => {
  // snug-tiny and SHAPE_SMALL keep 2 × 2 × 2 × 16 × 2 = 256 bytes a token here.
  const runner = await runnerFor(planFor(await randomModel(), { contextLength: 512, ...ram(200_000) }))
  for (const seed of [1, 2, 3, 4]) await told(runner, story(seed, 300))
  expect((await told(runner, story(1, 300))).cached).toBe(0)
  expect((await told(runner, story(4, 300))).cached).toBe(299)
})

test('short prompts are not kept', async () => {
  const runner = await runnerFor(planFor(await randomModel(), ram(64 * MIB)))
  await told(runner, story(1, 40))
  await told(runner, story(2, 40))
  expect((await told(runner, story(1, 40))).cached).toBe(0)
})

test('after a context shift the prompt is still answered from memory as if computed fresh', async () => {
  const plan = planFor(await randomModel(), { contextLength: 256 })
  const runner = await runnerFor({ ...plan, ...ram(64 * MIB) })
  const prompt = story(1, 150)
  const cold = await told(runner, prompt)
  await ask(runner, prompt, 600)
  expect(await told(runner, prompt)).toEqual({ text: cold.text, cached: 149, of: 150 })
  expect(await fresh(plan, prompt)).toBe(cold.text)
})

test('a state comes back right beside a slot that shares its cells', async () => {
  const plan = planFor(await randomModel(), { contextLength: 512, slots: 2 })
  const runner = await runnerFor({ ...plan, ...ram(64 * MIB) })
  const first = [...story(1, 200), 300]
  const second = [...story(1, 200), 400]
  const expected = [await fresh(plan, first), await fresh(plan, second)]
  // One after the other: with flash attention, the rounding of steps that several share could choose other words.
  for (const prompt of [first, second, story(2, 300), story(3, 300)]) await ask(runner, prompt)
  const again = [await told(runner, first), await told(runner, second)]
  expect(again.map(({ text }) => text)).toEqual(expected)
  for (const { cached } of again) expect(cached).toBeGreaterThanOrEqual(200)
})

test('two states that come back at the same moment beside a shared beginning are exact', async () => {
  // Flash attention adds up in half precision in the order of the cells, which is another one then: with it,
  // log-probabilities differ in the second digit. Without it nothing may differ at all.
  const plan = planFor(await randomModel(), { contextLength: 512, slots: 2, flashAttention: false })
  const prompts = [300, 400].map((last) => [...story(1, 200), last])
  const logprobs = async (runner: Runner, prompt: number[]) => {
    const { events } = await outputOf(runner, requestFor(prompt, { maxTokens: 12, topLogprobs: 3 }))
    return events.flatMap((event) => (event.type === 'text' ? (event.logprobs ?? []) : []))
  }
  const alone = await runnerFor({ ...plan, ...NOTHING })
  const expected = [await logprobs(alone, prompts[0] ?? []), await logprobs(alone, prompts[1] ?? [])]
  const runner = await runnerFor({ ...plan, ...ram(64 * MIB) })
  for (const prompt of [...prompts, story(2, 300), story(3, 300)]) await ask(runner, prompt)
  expect(await Promise.all(prompts.map((prompt) => logprobs(runner, prompt)))).toEqual(expected)
})

describe.each([
  ['sliding-window', writeWindowModel],
  ['recurrent', writeHybridModel],
] as const)('a model with %s layers', (_kind, write) => {
  async function forgetful(change: Partial<LoadPlan> = {}) {
    const path = join(await tempFolder(), 'forgetful.gguf')
    await write(path)
    const plan = planFor(path, { contextLength: 1024, ...change })
    return { plan, runner: await runnerFor({ ...plan, ...ram(64 * MIB), ...change }) }
  }

  test('goes back to shortly before the end of a prompt', async () => {
    const { plan, runner } = await forgetful()
    const prompt = story(1, 400)
    const cold = await told(runner, prompt)
    // So long an answer that no layer's window is where the prompt ends.
    await ask(runner, prompt, 350)
    expect(await told(runner, prompt)).toEqual({ text: cold.text, cached: 396, of: 400 })
    await ask(runner, prompt, 350)
    const longer = [...story(1, 398), ...story(2, 50)]
    expect(await told(runner, longer)).toEqual({ text: await fresh(plan, longer), cached: 396, of: 448 })
  })

  test('learns where prompts part and starts from there', async () => {
    const { plan, runner } = await forgetful()
    const system = story(1, 300)
    const question = (seed: number) => [...system, ...story(seed, 200)]
    await told(runner, question(2))
    await told(runner, question(3))
    const third = await told(runner, question(4))
    expect(third).toEqual({ text: await fresh(plan, question(4)), cached: 300, of: 500 })
  })

  test('shares a beginning with a slot that is busy', async () => {
    const { plan, runner } = await forgetful({ slots: 2 })
    const client = new AbortController()
    const prompt = story(1, 400)
    const busy = runner.generate(requestFor(prompt), client.signal)[Symbol.asyncIterator]()
    await busy.next()
    const beside = [...story(1, 398), ...story(2, 50)]
    expect(await told(runner, beside)).toEqual({ text: await fresh(plan, beside), cached: 396, of: 448 })
    client.abort()
    await expect(busy.next()).rejects.toThrow()
  })

  test('finds a prompt again in memory and on disk', async () => {
    const dir = await tempFolder()
    const change = disk(dir, 1000 * MIB, 64 * MIB)
    const { plan, runner } = await forgetful(change)
    const prompt = story(1, 400)
    const cold = await told(runner, prompt)
    await told(runner, story(2, 400))
    expect(await told(runner, prompt)).toEqual({ text: cold.text, cached: 396, of: 400 })
    await runner.close()
    const later = await runnerFor({ ...plan, ...change })
    expect(await told(later, prompt)).toEqual({ text: cold.text, cached: 396, of: 400 })
  })
})

test.each(['f16', 'q8_0'] as const)(
  'a prompt answers after a restart from disk as if computed fresh, with a %s cache',
  async (kvCacheType) => {
    const dir = await tempFolder()
    const plan = planFor(SNUG_TINY, { contextLength: 512, kvCacheType, flashAttention: true })
    const before = await runnerFor({ ...plan, ...disk(dir) })
    const cold = await told(before, story(1, 300))
    await before.close()
    const after = await runnerFor({ ...plan, ...disk(dir) })
    expect(await told(after, story(1, 300))).toEqual({ text: cold.text, cached: 299, of: 300 })
    const other = [...story(1, 200), ...story(2, 100)]
    expect(await told(after, other)).toEqual({ text: await fresh(plan, other), cached: 200, of: 300 })
  },
)

test('only the owner can read the files and the folder', async () => {
  const dir = await tempFolder()
  const runner = await runnerFor(planFor(await randomModel(), disk(dir)))
  await told(runner, story(1, 200))
  await runner.close()
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
  expect(await mode(join(dir, 'prefixes'))).toBe('700')
  const files = await filesIn(dir)
  expect(files).toHaveLength(1)
  for (const file of files) expect(await mode(join(dir, 'prefixes', file))).toBe('600')
})

test.each([
  ['cut short', async (path: string) => truncate(path, (await stat(path)).size - 100)],
  ['emptied', (path: string) => writeFile(path, '')],
  ['altered in its state', (path: string) => flip(path, -500)],
  ['altered in its tokens', (path: string) => flip(path, 100)],
  ['altered in its length', (path: string) => flip(path, 10)],
  ['longer than it says', (path: string) => writeFile(path, 'more', { flag: 'a' })],
])('a file that was %s is ignored', async (_how, damage) => {
  const dir = await tempFolder()
  const plan = planFor(await randomModel(), disk(dir))
  const before = await runnerFor(plan)
  const cold = await told(before, story(1, 200))
  await before.close()
  for (const file of await filesIn(dir)) await damage(join(dir, 'prefixes', file))
  const after = await runnerFor(plan)
  expect(await told(after, story(1, 200))).toEqual({ text: cold.text, cached: 0, of: 200 })
})

/** Changes one byte; counted from the end when negative. */
async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  const index = at < 0 ? bytes.length + at : at
  bytes[index] = (bytes[index] ?? 0) ^ 1
  await writeFile(path, bytes)
}

test('states of another model or other settings are not used', async () => {
  const dir = await tempFolder()
  const before = await runnerFor(planFor(SNUG_TINY, disk(dir)))
  await told(before, story(1, 200))
  await before.close()
  const otherType = { kvCacheType: 'q8_0', flashAttention: true } as const
  for (const plan of [
    planFor(SNUG_TINY, { ...disk(dir), ...otherType }),
    planFor(await randomModel(), disk(dir)),
  ]) {
    const runner = await runnerFor(plan)
    expect((await told(runner, story(1, 200))).cached).toBe(0)
    await runner.close()
  }
})

test('the folder keeps to its bound: the file unused for longest goes', async () => {
  const dir = await tempFolder()
  const plan = planFor(await randomModel(), disk(dir, 130_000))
  let older: string[] = []
  for (const seed of [1, 2, 3]) {
    const runner = await runnerFor(plan)
    await told(runner, story(seed, 200))
    await runner.close()
    const files = await filesIn(dir)
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(dir, 'prefixes', file))).size))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(130_000)
    // So that the order does not hang on the clock's resolution.
    const added = files.filter((file) => !older.includes(file))
    for (const file of added) await utimes(join(dir, 'prefixes', file), seed, seed)
    older = files
  }
  const runner = await runnerFor(plan)
  expect((await told(runner, story(3, 200))).cached).toBe(199)
  expect((await told(runner, story(1, 200))).cached).toBe(0)
})

test('two runners share a folder, and one sees what the other writes later', async () => {
  const dir = await tempFolder()
  const plan = planFor(await randomModel(), disk(dir))
  const [one, two] = await Promise.all([runnerFor(plan), runnerFor(plan)])
  await Promise.all([told(one, story(1, 200)), told(two, story(2, 200))])
  await one.close()
  expect((await told(two, story(1, 200))).cached).toBe(199)
  await two.close()
  expect(await filesIn(dir)).toHaveLength(2)
})

test('a runner that is killed has lost nothing of what had been idle for a few seconds', async () => {
  const dir = await tempFolder()
  const plan = planFor(await randomModel(), disk(dir))
  const runner = await runnerFor(plan)
  await told(runner, story(1, 200))
  await vi.waitFor(async () => expect(await filesIn(dir)).toEqual([expect.stringMatching(/\.kv$/)]), 10_000)
  process.kill((await runner.status()).pid ?? 0, 'SIGKILL')
  await runner.gone
  const after = await runnerFor(plan)
  expect((await told(after, story(1, 200))).cached).toBe(199)
})

test('a conversation that goes on replaces its earlier state on disk', async () => {
  const dir = await tempFolder()
  const plan = planFor(await randomModel(), { contextLength: 512, ...disk(dir) })
  for (const length of [200, 300]) {
    const runner = await runnerFor(plan)
    await told(runner, story(1, length))
    await runner.close()
  }
  expect(await filesIn(dir)).toHaveLength(1)
})

test('a folder that cannot be used costs the cache, not the model', async () => {
  const file = join(await tempFolder(), 'file')
  await writeFile(file, '')
  const runner = await runnerFor(planFor(await randomModel(), disk(file)))
  expect((await told(runner, story(1, 200))).of).toBe(200)
})
