/** Reads damaged GGUF files, as many as its parent asks for, and tells what came of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ByteRanges } from '../../engine/gguf/byte-ranges.ts'
import { GgufError } from '../../engine/gguf/error.ts'
import { ggufFacts } from '../../engine/gguf/facts.ts'
import { readGgufHeader } from '../../engine/gguf/read.ts'
import { readSplitHeader } from '../../engine/gguf/split.ts'
import type { GgufHeader } from '../../engine/gguf/types.ts'
import type { FuzzOrder, FuzzReport } from './gguf-fuzz.ts'
import { type Dice, diceOf, mutantOf, type Seed } from './gguf-mutations.ts'
import { readableSeeds } from './gguf-seeds.ts'

/** Cases before memory counts: code is compiled, buffers have grown. */
const WARM_UP = 300
const TOLD_EVERY = 100

const inMemory = (bytes: Buffer): ByteRanges => ({
  size: bytes.length,
  read: async (start, end) => bytes.subarray(start, end),
})

/** All that a server does with a header, and more. */
function use(header: Pick<GgufHeader, 'metadata' | 'tensors'>): void {
  ggufFacts(header)
  for (const value of header.metadata.values()) {
    if (typeof value !== 'object') continue
    value.toArray()
    value.at(value.length - 1)
  }
}

/** What is wrong with an error that a damaged file gave rise to; undefined when it says what is wrong with the file. */
function faultOf(error: unknown): string | undefined {
  if (!(error instanceof GgufError)) return String(error instanceof Error ? error.stack : error)
  const isClear = error.message.length > 15 && !/undefined|\[object/.test(error.message)
  return isClear ? undefined : `says only: ${error.message}`
}

/** Reads a set of split files of which one is damaged. */
async function readSplit(seeds: readonly Seed[], bytes: Buffer, folder: string, dice: Dice): Promise<void> {
  const damaged = dice(2)
  const paths = [0, 1].map((index) => join(folder, `model-0000${index + 1}-of-00002.gguf`))
  for (const [index, path] of paths.entries()) {
    const sound = seeds.find(({ name }) => name === `split ${index + 1}`)?.bytes ?? bytes
    writeFileSync(path, index === damaged ? bytes : sound)
  }
  use(await readSplitHeader(paths))
}

async function fuzz({ seed, cases }: FuzzOrder): Promise<FuzzReport> {
  const seeds = await readableSeeds()
  const splitSeeds = seeds.filter(({ name }) => name.startsWith('split'))
  const folder = mkdtempSync(join(tmpdir(), 'snug-fuzz-'))
  const report: FuzzReport = {
    cases,
    read: 0,
    refused: 0,
    kinds: {},
    faults: [],
    slowestMs: 0,
    grownBytes: 0,
  }
  let residentBytes = 0
  try {
    for (let index = 0; index < cases; index++) {
      const dice = diceOf(seed + index)
      const isSplit = index % 20 === 0
      const { bytes, how } = mutantOf(isSplit ? splitSeeds : seeds, dice)
      const startedMs = performance.now()
      try {
        if (isSplit) await readSplit(splitSeeds, bytes, folder, dice)
        else use(await readGgufHeader(inMemory(bytes)))
        report.read += 1
      } catch (error) {
        report.refused += 1
        const fault = faultOf(error)
        if (fault !== undefined) report.faults.push(`case ${seed + index} (${how}): ${fault}`)
      }
      report.slowestMs = Math.max(report.slowestMs, performance.now() - startedMs)
      report.kinds[how] = (report.kinds[how] ?? 0) + 1
      if (index === Math.min(WARM_UP, cases - 1)) residentBytes = process.memoryUsage.rss()
      if (index % TOLD_EVERY === 0) process.send?.({ at: seed + index })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  report.grownBytes = Math.max(0, process.resourceUsage().maxRSS * 1024 - residentBytes)
  return report
}

process.once('message', (order: FuzzOrder) => {
  void fuzz(order).then((report) => process.send?.({ report }, () => process.disconnect()))
})
