import { randomBytes } from 'node:crypto'
import { chmod, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDiskTier } from '../../../../engine/llama/prefix/disk-tier.ts'
import { createRamTier } from '../../../../engine/llama/prefix/ram-tier.ts'
import type { SavedState } from '../../../../engine/llama/prefix/saved-state.ts'
import { readHeader, readState, writeState } from '../../../../engine/llama/prefix/state-file.ts'
import { tempFolder } from '../../../helpers/fixtures.ts'

const KEY = Buffer.alloc(32, 7)
const tokens = (seed: number, count: number) => Int32Array.from({ length: count }, (_, i) => seed * 1000 + i)
const saved = (seed: number, count: number, change: Partial<SavedState> = {}): SavedState => ({
  tokens: tokens(seed, count),
  whole: randomBytes(10_000),
  checkpoints: [],
  ...change,
})
const open = (dir: string, change: object = {}) =>
  openDiskTier({ dir, limit: 1e9, key: KEY, mostTokens: 4096, canGoBack: true, log() {}, ...change })

test('memory holds no more than its bound and gives up what was used longest ago', () => {
  const tier = createRamTier(25_000, true)
  const [one, two, three] = [saved(1, 100), saved(2, 100), saved(3, 100)]
  tier.add(one)
  tier.add(two)
  const first = tier.best(one.tokens)
  if (first !== undefined) tier.touch(first.saved)
  expect(tier.add(three).map(({ state }) => state)).toEqual([two])
  expect(tier.entries().map(({ state }) => state)).toEqual([one, three])
  expect(tier.bytes()).toBeLessThanOrEqual(25_000)
  expect(tier.add(saved(4, 100, { whole: Buffer.alloc(30_000) }))).toEqual([])
  expect(tier.entries()).toHaveLength(2)
})

test('a state that goes on from another one takes its place, and a beginning of it is not wanted', () => {
  const tier = createRamTier(1e6, true)
  tier.add(saved(1, 100))
  tier.add(saved(1, 200))
  expect(tier.entries()).toHaveLength(1)
  expect([tier.covers(tokens(1, 150)), tier.covers(tokens(1, 400)), tier.covers(tokens(2, 150))]).toEqual([
    true,
    false,
    false,
  ])
})

test('of a model that cannot go back only whole states and checkpoints count', () => {
  const tier = createRamTier(1e6, false)
  tier.add(saved(1, 300, { checkpoints: [{ length: 200, state: Buffer.alloc(10) }] }))
  const prefix = (count: number) => tier.best(tokens(1, count))?.prefix
  expect([prefix(300), prefix(250), prefix(150)]).toEqual([300, 200, undefined])
})

test('a file gives back what was written', async () => {
  const path = join(await tempFolder(), 'state')
  // More than one chunk, and parts that are not whole chunks.
  const state = saved(1, 300, {
    whole: randomBytes(5 * 2 ** 20),
    checkpoints: [
      { length: 100, state: randomBytes(3) },
      { length: 200, state: randomBytes(4 * 2 ** 20) },
    ],
  })
  await writeState(path, KEY, state)
  const header = await readHeader(path, KEY, 300)
  const read = header && (await readState(path, header))
  expect(read?.tokens).toEqual(state.tokens)
  // Not toEqual: it looks at millions of bytes one by one.
  expect(read?.whole.equals(state.whole)).toBe(true)
  expect(read?.checkpoints.map(({ length }) => length)).toEqual([100, 200])
  for (const [i, checkpoint] of state.checkpoints.entries()) {
    expect(read?.checkpoints[i]?.state.equals(checkpoint.state)).toBe(true)
  }
  expect(await readHeader(path, Buffer.alloc(32, 8), 300)).toBeUndefined()
  expect(await readHeader(path, KEY, 299)).toBeUndefined()
})

test('a file with any byte changed, or cut anywhere, is not taken', async () => {
  const path = join(await tempFolder(), 'state')
  await writeState(path, KEY, saved(1, 20, { whole: randomBytes(50) }))
  const good = await readFile(path)
  const isTaken = async (bytes: Buffer) => {
    await writeFile(path, bytes)
    const header = await readHeader(path, KEY, 100)
    return header !== undefined && (await readState(path, header)) !== undefined
  }
  expect(await isTaken(good)).toBe(true)
  for (let at = 0; at < good.length; at++) {
    const changed = Buffer.from(good)
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
    expect(await isTaken(changed), `byte ${at}`).toBe(false)
    expect(await isTaken(good.subarray(0, at)), `cut at ${at}`).toBe(false)
  }
})

test('two users of a folder see each other’s files, and one that vanishes is just not there', async () => {
  const dir = await tempFolder()
  const [one, two] = [await open(dir), await open(dir)]
  const state = saved(1, 100)
  await one.write(state)
  expect(two.best(state.tokens)).toBeUndefined()
  await two.refresh()
  const found = two.best(state.tokens)
  expect(found?.prefix).toBe(100)
  expect(found && (await two.read(found.saved))).toEqual(state)
  for (const file of await readdir(join(dir, 'prefixes'))) await rm(join(dir, 'prefixes', file))
  expect(found && (await two.read(found.saved))).toBeUndefined()
  expect(two.best(state.tokens)).toBeUndefined()
})

test('many writers at the same time leave whole files within the bound and nothing half written', async () => {
  const dir = await tempFolder()
  const tiers = await Promise.all(Array.from({ length: 4 }, () => open(dir, { limit: 55_000 })))
  await Promise.all(tiers.flatMap((tier, i) => [1, 2, 3].map((n) => tier.write(saved(i * 3 + n, 100)))))
  const folder = join(dir, 'prefixes')
  const files = await readdir(folder)
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(55_000)
  for (const file of files) {
    expect(file).toMatch(/\.kv$/)
    const header = await readHeader(join(folder, file), KEY, 4096)
    expect(header && (await readState(join(folder, file), header))).toBeDefined()
  }
  expect(files.length).toBeGreaterThan(0)
})

test('what a writer that died left behind goes after an hour', async () => {
  const dir = await tempFolder()
  const tier = await open(dir)
  const [old, young] = ['1-old.tmp', '1-young.tmp'].map((name) => join(dir, 'prefixes', name))
  for (const path of [old, young]) await writeFile(path ?? '', 'half')
  await utimes(old ?? '', 1, 1)
  await tier.write(saved(1, 100))
  const files = await readdir(join(dir, 'prefixes'))
  expect(files).toContain('1-young.tmp')
  expect(files).not.toContain('1-old.tmp')
})

test('a folder that other users can open is refused', async () => {
  const dir = await tempFolder()
  await open(dir)
  await chmod(join(dir, 'prefixes'), 0o755)
  await expect(open(dir)).rejects.toThrow(/open to other users/)
})
