import { describe, expect, test } from 'vitest'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { gradeOf } from '../../../engine/fit/grade.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import { qualityOf } from '../../../engine/fit/quality.ts'
import type { Machine } from '../../../engine/fit/types.ts'
import type { FileType } from '../../../engine/gguf/file-type.ts'
import { CARDS, type Card, cards, machineWith, macWith } from '../../helpers/machines.ts'

function planFor(name: string, fileType: FileType, machine: Machine) {
  const model = catalogModel(name) ?? expect.unreachable(`${name} is unknown`)
  const facts = catalogFacts(model, [{ name: fileType, fileType, source: 'library' }])
  const plan = decide({ model: facts, machine }, { offer: fileType, contextLength: 4096 })
  return plan.chosen ?? expect.unreachable('nothing was chosen')
}

const withCards = (count: number, card: Card) =>
  machineWith(cards(count, 'card', card), { gibibytes: 64, dataSheet: 89.6 })
const { rtx3090, rtx4090, rtx2080 } = CARDS
/** Builds of 2024 had no CUDA graphs: a layer cost twice as much. */
const of2024 = (card: typeof rtx3090 | typeof rtx4090) => ({
  ...card,
  decode: { efficiency: 0.85, layerSeconds: 90e-6 },
})
const server = (dataSheet: number, cores: number) => machineWith([], { gibibytes: 1024, dataSheet, cores })

/** Measured by XiongjieDai/GPU-Benchmarks-on-LLM-Inference and geerlingguy/ai-benchmarks, and by how much we may be off. */
test.each<[string, FileType, string, Machine, number, number]>([
  ['llama3.1:8b', 'Q4_K_M', 'an RTX 3090', withCards(1, of2024(rtx3090)), 115.4, 0.02],
  ['llama3.1:70b', 'Q4_K_M', 'two RTX 3090', withCards(2, of2024(rtx3090)), 16.6, 0.02],
  ['llama3.1:8b', 'Q4_K_M', 'an RTX 4090', withCards(1, of2024(rtx4090)), 130.6, 0.08],
  [
    'deepseek-r1:671b',
    'Q4_K_M',
    'an M3 Ultra',
    macWith({ gibibytes: 512, cap: 384, gbPerSecond: 819 }),
    19.9,
    0.05,
  ],
  [
    'gpt-oss:20b',
    'MXFP4_MOE',
    'an M3 Ultra',
    macWith({ gibibytes: 512, cap: 384, gbPerSecond: 819 }),
    115.3,
    0.05,
  ],
  [
    'llama3.1:405b',
    'Q4_K_M',
    'an M3 Ultra',
    macWith({ gibibytes: 512, cap: 384, gbPerSecond: 819 }),
    1.96,
    0.25,
  ],
  ['deepseek-v3:671b', 'Q4_K_M', '128 cores with 845 GB/s', server(845, 128), 10, 0.06],
  ['deepseek-v3:671b', 'Q4_K_M', '192 cores with 333 GB/s', server(333, 192), 4.18, 0.05],
])('%s in %s on %s is as fast as measured', (name, type, _, machine, measured, tolerance) => {
  const { tokensPerSecond } = planFor(name, type, machine).candidate.decode
  expect(Math.abs(tokensPerSecond / measured - 1)).toBeLessThan(tolerance)
})

test('experts in main memory are as slow as measured with an RTX 2080', () => {
  const machine = machineWith(cards(1, 'RTX 2080', rtx2080), { gibibytes: 64, dataSheet: 102 / 0.8 })
  const { placement, decode } = planFor('qwen3:30b-a3b', 'Q4_K_M', machine).candidate
  // The measurement had 36 layers' experts there: what is on the CPU is read at 41 GB/s.
  const cpu = decode.terms.find(({ where }) => where === 'CPU') ?? expect.unreachable('nothing is on the CPU')
  expect((cpu.seconds * 1000 * 36) / placement.expertLayersInRam).toBeCloseTo(20, 0)
  expect(decode.confidence).toBe('hybrid')
})

test('a full cache slows answers down', () => {
  const { candidate, fullSpeed } = planFor('llama3.1:8b', 'Q4_K_M', withCards(1, rtx3090))
  expect(fullSpeed).toBeLessThan(candidate.decode.tokensPerSecond)
})

test('a device that nobody knows is a guess', () => {
  const machine = machineWith(cards(1, 'card', { ...rtx3090, speedClass: 'unknown', decode: {} }), {
    gibibytes: 64,
    dataSheet: 89.6,
  })
  expect(planFor('llama3.1:8b', 'Q4_K_M', machine).candidate.decode.confidence).toBe('guess')
})

describe('prompts are read', () => {
  test('on one GPU as fast as it calculates', () => {
    const speed = planFor('llama3.1:8b', 'Q4_K_M', withCards(1, of2024(rtx3090))).prefillSpeed ?? 0
    // 3865 measured with 1024 tokens.
    expect(Math.abs(speed / 3865 - 1)).toBeLessThan(0.15)
  })

  test('with experts in main memory as fast as these can be copied', () => {
    const machine = machineWith(cards(1, 'H200', CARDS.h200), { gibibytes: 512, dataSheet: 460.8 })
    const speed = planFor('deepseek-v3:671b', 'Q4_K_M', machine).prefillSpeed ?? 0
    expect(speed).toBeGreaterThan(25)
    expect(speed).toBeLessThan(35)
  })

  test('at a speed that nobody knows on devices without a data sheet', () => {
    const { tflops: _, ...card } = rtx3090
    expect(
      planFor('llama3.1:8b', 'Q4_K_M', machineWith(cards(1, 'card', card), { gibibytes: 64, dataSheet: 50 }))
        .prefillSpeed,
    ).toBeUndefined()
  })
})

const good = { fits: true, hasCutContext: false, headroom: 0.3, readsFromDisk: false }
test.each<[string, Parameters<typeof gradeOf>[0], string]>([
  ['30 tokens/s', { ...good, speed: 30 }, 'S'],
  ['29 tokens/s', { ...good, speed: 29 }, 'A'],
  ['8 tokens/s', { ...good, speed: 8 }, 'B'],
  ['4 tokens/s', { ...good, speed: 4 }, 'C'],
  ['1.5 tokens/s', { ...good, speed: 1.5 }, 'D'],
  ['less', { ...good, speed: 1 }, 'E'],
  ['15 tokens/s with a cut context', { ...good, speed: 15, hasCutContext: true }, 'B'],
  ['15 tokens/s with hardly any memory left', { ...good, speed: 15, headroom: 0.04 }, 'B'],
  ['30 tokens/s from disk', { ...good, speed: 30, readsFromDisk: true }, 'D'],
  ['what does not fit', { ...good, fits: false, speed: 30 }, 'F'],
])('%s is a grade %s', (_, facts, grade) => {
  expect(gradeOf(facts)).toBe(grade)
})

test.each<[FileType, boolean, string]>([
  ['F16', false, 'Full'],
  ['MXFP4_MOE', true, 'Full'],
  ['Q8_0', false, 'Near Perfect'],
  ['Q6_K', false, 'Excellent'],
  ['Q5_0', false, 'Very Good'],
  ['IQ4_XS', false, 'Good'],
  ['Q4_0', false, 'Fair'],
  ['IQ3_XS', false, 'Low'],
  ['IQ2_XS', false, 'Very Low'],
  ['NVFP4', false, 'Unknown'],
])('%s (native: %s) is of %s quality', (fileType, isNative, label) => {
  expect(qualityOf({ fileType, isNative })).toBe(label)
})
