import { copyFile, readdir, readFile, rename, truncate } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ValueToWrite } from '../../../engine/gguf/encode.ts'
import { ggufFacts } from '../../../engine/gguf/facts.ts'
import { mergeSplitGguf } from '../../../engine/gguf/merge.ts'
import { readGgufFile } from '../../../engine/gguf/read.ts'
import { readSplitHeader } from '../../../engine/gguf/split.ts'
import { splitName } from '../../../engine/gguf/split-name.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { str, u32 } from '../../helpers/gguf.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { outputOf, planFor, requestFor, runnerFor } from '../../helpers/runner.ts'
import { type SplitWish, splitGguf } from '../../helpers/split-gguf.ts'

/** A small model, whole and in three files of which the first has no tensors. */
async function model(wish: Partial<SplitWish> = {}) {
  const folder = await tempFolder()
  const whole = join(folder, 'whole.gguf')
  await writeRandomModel(whole, SHAPE_SMALL)
  return { folder, whole, paths: await splitGguf(whole, { folder, tensors: [0, 8], ...wish }) }
}

describe('the name of a split file', () => {
  test.each([
    ['llama-70b-00002-of-00005.gguf', { prefix: 'llama-70b', index: 1, count: 5 }],
    ['a-00001-of-00002-00003-of-00003.gguf', { prefix: 'a-00001-of-00002', index: 2, count: 3 }],
    ['llama.gguf', undefined],
    ['llama-00000-of-00002.gguf', undefined],
    ['llama-00003-of-00002.gguf', undefined],
    ['llama-1-of-2.gguf', undefined],
    ['-00001-of-00002.gguf', undefined],
    ['llama-00001-of-00002.gguf.part', undefined],
  ])('%s says its place', (name, expected) => {
    expect(splitName(name)).toEqual(expected)
  })
})

describe('a split model', () => {
  test('has the facts of the whole one, in whatever order its files are named', async () => {
    const { whole, paths } = await model()
    const split = await readSplitHeader(paths.toReversed())
    expect(ggufFacts(split)).toEqual(ggufFacts(await readGgufFile(whole)))
    expect(split.files.map(({ path }) => path)).toEqual(paths)
    expect([...split.metadata.keys()].filter((key) => key.startsWith('split.'))).toEqual([])
  })

  test.each<[string, Record<string, ValueToWrite>]>([
    ['as it was written', {}],
    ['aligned to more than usual', { 'general.alignment': u32(256) }],
  ])('is merged byte for byte into the whole one, %s', async (_, extra) => {
    const { folder, whole, paths } = await model({ change: (index) => (index === 0 ? extra : {}) })
    const to = join(folder, 'merged.gguf')
    const progress: number[] = []
    const { bytes } = await mergeSplitGguf(paths, to, {
      onProgress: (written, all) => progress.push(written / all),
    })
    const [merged, original] = await Promise.all([readFile(to), readFile(whole)])
    expect(bytes).toBe(merged.length)
    expect(progress.at(-1)).toBe(1)
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    const [now, before] = await Promise.all([readGgufFile(to), readGgufFile(whole)])
    expect(now.tensors.map(({ name }) => name)).toEqual(before.tensors.map(({ name }) => name))
    for (const [i, { offset, bytes }] of now.tensors.entries()) {
      const start = before.dataOffset + (before.tensors[i]?.offset ?? 0)
      const copy = merged.subarray(now.dataOffset + offset, now.dataOffset + offset + bytes)
      expect(copy.equals(original.subarray(start, start + bytes))).toBe(true)
    }
    if (Object.keys(extra).length === 0) expect(merged.equals(original)).toBe(true)
    else expect(now.dataOffset % 256).toBe(0)
  })

  test('says the same as the whole one when llama.cpp runs what was merged', async () => {
    const { folder, whole, paths } = await model()
    const to = join(folder, 'merged.gguf')
    await mergeSplitGguf(paths, to)
    const request = requestFor([1, 300, 301], { maxTokens: 8 })
    const texts: string[] = []
    for (const path of [whole, to]) {
      texts.push((await outputOf(await runnerFor(planFor(path)), request)).text)
    }
    expect(texts[0]).not.toBe('')
    expect(texts[1]).toBe(texts[0])
  })

  test('that is no longer wanted leaves no file', async () => {
    const { folder, paths } = await model()
    const cancel = new AbortController()
    const merging = mergeSplitGguf(paths, join(folder, 'merged.gguf'), {
      signal: cancel.signal,
      onProgress: () => cancel.abort(new Error('no longer wanted')),
    })
    await expect(merging).rejects.toThrow('no longer wanted')
    expect(await readdir(folder)).not.toContain('merged.gguf')
  })
})

describe('a set of split files is refused:', () => {
  const refused = (paths: readonly string[], message: string) =>
    expect(readSplitHeader(paths)).rejects.toMatchObject({ name: 'GgufError', message })

  test('none', () => refused([], 'a split model has no files'))

  test('one missing', async () => {
    const { paths } = await model()
    await refused(paths.slice(0, 2), 'split file 3 of 3 is missing')
    await refused(paths.slice(1), 'split file 1 of 3 is missing')
  })

  test('one twice', async () => {
    const { paths } = await model()
    await refused([...paths, ...paths.slice(1, 2)], 'split file 2 of 3 is given twice')
  })

  test('files of two models', async () => {
    const { paths } = await model()
    const other = await model({ prefix: 'other' })
    await refused(
      [...paths.slice(0, 2), ...other.paths.slice(2)],
      'split files of different models: "model-00001-of-00003.gguf" and "other-00003-of-00003.gguf"',
    )
  })

  test('files of two models under one name', async () => {
    const { folder, paths } = await model()
    const other = await model({ tensors: [0, 7] })
    await copyFile(other.paths[2] ?? '', join(folder, basename(paths[2] ?? '')))
    await refused(paths, 'tensor "blk.0.ffn_gate.weight" is in two split files')
  })

  test('a file that says it is of another model', async () => {
    const named = (index: number): Record<string, ValueToWrite> =>
      index === 2 ? { 'general.architecture': str('gemma') } : {}
    const { paths } = await model({ change: named })
    await refused(
      paths,
      '"model-00003-of-00003.gguf" belongs to another model: its general.architecture is "gemma"',
    )
  })

  test('files renamed into another order', async () => {
    const { folder, paths } = await model()
    const [, second = '', third = ''] = paths
    await rename(second, join(folder, 'aside'))
    await rename(third, second)
    await rename(join(folder, 'aside'), third)
    await refused(paths, '"model-00002-of-00003.gguf" says that its split.no is 2, not 1')
  })

  test('files that were more', async () => {
    const { paths } = await model({ change: () => ({ 'split.count': { type: 'uint16', value: 4 } }) })
    await refused(paths, '"model-00001-of-00003.gguf" says that it is one of 4 files, not of 3')
  })

  test('tensors that are missing', async () => {
    const { paths } = await model({ change: () => ({ 'split.tensors.count': { type: 'int32', value: 99 } }) })
    await refused(paths, 'the split files have 20 tensors, not the 99 of split.tensors.count')
  })

  test('a file that is whole by itself', async () => {
    const { folder, whole } = await model()
    const path = join(folder, 'whole-00001-of-00001.gguf')
    await rename(whole, path)
    await refused(
      [path],
      '"whole-00001-of-00001.gguf" is not a split file: it has no split.no or split.count',
    )
    await rename(path, whole)
    await refused([whole], '"whole.gguf" is not named like a split file: <name>-00001-of-00003.gguf')
  })

  test('a file cut short, with its name', async () => {
    const { paths } = await model()
    await truncate(paths[1] ?? '', 1000)
    await expect(readSplitHeader(paths)).rejects.toThrow(
      /^"model-00002-of-00003.gguf": cut short: tensor ".+" ends at byte \d+, the file has 1000$/,
    )
  })
})
