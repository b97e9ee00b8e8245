import { describe, expect, test } from 'vitest'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import type { Placement } from '../../../engine/fit/placement.ts'
import type { Machine } from '../../../engine/fit/types.ts'
import { placeText } from '../../../engine/fit/wording.ts'
import type { FileType } from '../../../engine/gguf/file-type.ts'
import { CARDS, cards, GIB, machineWith, macWith } from '../../helpers/machines.ts'

/** Everything that is published of well-known models somewhere. */
const ALL: FileType[] = [
  ...(['F16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q5_K_S', 'Q4_K_M', 'Q4_K_S', 'IQ4_NL', 'IQ4_XS', 'Q3_K_L'] as const),
  ...(['Q3_K_M', 'IQ3_M', 'IQ3_S', 'IQ3_XS', 'IQ3_XXS', 'Q3_K_S', 'IQ2_M', 'Q2_K', 'Q2_K_S'] as const),
  ...(['IQ2_S', 'IQ2_XS', 'IQ2_XXS', 'IQ1_M', 'IQ1_S'] as const),
]

/** `type, GiB of weights, on GPUs, in RAM, where, tokens/s or no, quality, grade`. */
type Row = [string, number, number, number, string, number | 'no', string, string]
interface Example {
  machine: Machine
  model: string
  /** Pass, type, context, cache, where, GiB on GPUs and in RAM, tokens/s. */
  choice: [string, string, number, string, string, number, number, number]
  rows: Row[]
  context?: number
}

const { h100, h200, rtx4090, rtx3090, rtx4060, rtx3060 } = CARDS
const allGpu = 'all on GPU'
const experts = (inRam: number, all: number) => `experts of ${inRam} of ${all} layers in RAM`
const layers = (onGpu: number, all: number) => `${onGpu} of ${all} layers on GPU`
const V3 = 'deepseek-v3:671b'
const DDR4_8 = 204.8
const DDR5_2 = 89.6

const withAvailable = (gibibytes: number, machine: Machine): Machine => ({
  ...machine,
  ram: { ...machine.ram, availableBytes: gibibytes * GIB },
})

const EXAMPLES: Record<string, Example> = {
  'eight H100 with a TB of RAM run DeepSeek-V3': {
    machine: machineWith(cards(8, 'H100', h100), { gibibytes: 1024, dataSheet: 307.2 }),
    model: V3,
    choice: ['A', 'Q6_K', 131072, 'f16', allGpu, 525.7, 0.7, 24.7],
    rows: [
      ['Q8_0', 664.3, 556.0, 112.5, experts(10, 58), 12.1, 'Near Perfect', 'B'],
      ['Q6_K', 513.1, 516.5, 0.7, allGpu, 24.7, 'Excellent', 'A'],
      ['Q4_K_M', 376.7, 379.0, 0.5, allGpu, 29.7, 'Good', 'A'],
      ['Q3_K_M', 297.3, 299.3, 0.4, allGpu, 32.7, 'Fair', 'S'],
      ['Q2_K', 227.4, 229.4, 0.3, allGpu, 36.7, 'Low', 'S'],
      ['IQ1_S', 124.6, 125.7, 0.3, allGpu, 44.6, 'Very Low', 'S'],
    ],
  },
  'an H200 with 512 GB of RAM runs DeepSeek-V3': {
    machine: machineWith(cards(1, 'H200', h200), { gibibytes: 512, dataSheet: 460.8 }),
    model: V3,
    choice: ['A2', 'Q4_K_M', 131072, 'f16', experts(40, 58), 134.7, 251.2, 14.1],
    rows: [
      ['Q8_0', 664.3, 128.9, 536.4, experts(48, 58), 'no', 'Near Perfect', 'F'],
      ['Q6_K', 513.1, 134.4, 379.7, experts(44, 58), 9.8, 'Excellent', 'B'],
      ['Q4_K_M', 376.7, 133.3, 244.4, experts(39, 58), 14.4, 'Good', 'B'],
      ['Q3_K_M', 297.3, 133.7, 164.6, experts(33, 58), 19.6, 'Fair', 'A'],
      ['Q2_K', 227.4, 136.9, 91.5, experts(24, 58), 29.5, 'Low', 'A'],
      ['IQ1_S', 124.6, 125.3, 0.3, allGpu, 82.4, 'Very Low', 'S'],
    ],
  },
  'ten RTX 4090 with 256 GB of RAM run DeepSeek-V3': {
    machine: machineWith(cards(10, 'RTX 4090', rtx4090), { gibibytes: 256, dataSheet: DDR4_8 }),
    model: V3,
    choice: ['B', 'Q4_K_M', 65536, 'f16', experts(29, 58), 203.6, 182.6, 7.4],
    rows: [
      ['Q8_0', 664.3, 121.8, 547.6, experts(49, 58), 'no', 'Near Perfect', 'F'],
      ['Q6_K', 513.1, 181.5, 336.7, experts(39, 58), 'no', 'Excellent', 'F'],
      ['Q4_K_M', 376.7, 199.2, 182.6, experts(29, 58), 7.4, 'Good', 'C'],
      ['Q3_K_M', 297.3, 207.5, 95.0, experts(19, 58), 11.3, 'Fair', 'B'],
      ['Q2_K', 227.4, 201.7, 30.7, experts(8, 58), 19.3, 'Low', 'A'],
      ['IQ1_S', 124.6, 127.5, 0.3, allGpu, 36.5, 'Very Low', 'S'],
    ],
  },
  'an M3 Ultra with 512 GB runs DeepSeek-V3': {
    machine: macWith({ gibibytes: 512, cap: 384, gbPerSecond: 819 }),
    model: V3,
    choice: ['A', 'Q4_K_M', 65536, 'f16', allGpu, 381.0, 0.5, 20.7],
    rows: [
      ['Q8_0', 664.3, 374.3, 291.0, 'over the GPU cap', 'no', 'Near Perfect', 'F'],
      ['Q6_K', 513.1, 375.5, 138.5, 'over the GPU cap', 'no', 'Excellent', 'F'],
      ['Q4_K_M', 376.7, 377.2, 0.5, allGpu, 20.7, 'Good', 'A'],
      ['Q3_K_M', 297.3, 298.0, 0.4, allGpu, 23.8, 'Fair', 'A'],
      ['Q2_K', 227.4, 228.1, 0.3, allGpu, 28.5, 'Low', 'A'],
      ['IQ1_S', 124.6, 125.3, 0.3, allGpu, 39.6, 'Very Low', 'S'],
    ],
  },
  'an M2 Ultra with 192 GB runs DeepSeek-V3': {
    machine: macWith({ gibibytes: 192, cap: 144, gbPerSecond: 800 }),
    model: V3,
    choice: ['E', 'IQ1_M', 32768, 'f16', allGpu, 141.2, 0.3, 37.4],
    rows: [
      ['Q4_K_M', 376.7, 139.2, 238.5, 'over the GPU cap', 'no', 'Good', 'F'],
      ['Q2_K', 227.4, 140.7, 87.7, 'over the GPU cap', 'no', 'Low', 'F'],
      ['IQ1_S', 124.6, 125.3, 0.3, allGpu, 39.0, 'Very Low', 'S'],
    ],
  },
  'an RTX 4090 with 128 GB of RAM runs DeepSeek-V3': {
    // With all 128 GiB available 131,072 tokens would fit as well.
    machine: withAvailable(
      124,
      machineWith(cards(1, 'RTX 4090', rtx4090), { gibibytes: 128, dataSheet: DDR5_2 }),
    ),
    model: V3,
    choice: ['E', 'IQ1_S', 65536, 'f16', experts(52, 58), 21.5, 107.9, 4.5],
    rows: [
      ['Q8_0', 664.3, 17.3, 648.0, experts(58, 58), 'no', 'Near Perfect', 'F'],
      ['Q4_K_M', 376.7, 17.1, 360.6, experts(57, 58), 'no', 'Good', 'F'],
      ['Q2_K', 227.4, 19.0, 209.4, experts(55, 58), 'no', 'Low', 'F'],
      ['IQ1_S', 124.6, 21.8, 103.8, experts(50, 58), 4.7, 'Very Low', 'C'],
    ],
  },
  'eight H100 run Llama 3.1 405B': {
    machine: machineWith(cards(8, 'H100', h100), { gibibytes: 1024, dataSheet: 307.2 }),
    model: 'llama3.1:405b',
    choice: ['B', 'Q4_K_M', 131072, 'f16', allGpu, 290.8, 1.2, 7.6],
    rows: [
      ['Q8_0', 401.6, 406.4, 2.1, allGpu, 4.5, 'Near Perfect', 'C'],
      ['Q4_K_M', 226.4, 230.7, 1.2, allGpu, 7.6, 'Good', 'C'],
      ['Q3_K_M', 181.9, 186.5, 0.9, allGpu, 9.3, 'Fair', 'B'],
      ['Q2_K', 139.1, 143.3, 0.7, allGpu, 11.8, 'Low', 'B'],
    ],
  },
  'eight RTX 3090 with 256 GB of RAM run Llama 3.1 405B': {
    machine: machineWith(cards(8, 'RTX 3090', rtx3090), { gibibytes: 256, dataSheet: DDR4_8 }),
    model: 'llama3.1:405b',
    choice: ['D', 'IQ3_M', 16384, 'f16', layers(125, 127), 177.3, 3.9, 3.8],
    rows: [
      ['Q8_0', 401.6, 158.9, 250.6, layers(49, 127), 'no', 'Near Perfect', 'F'],
      ['Q4_K_M', 226.4, 172.5, 61.8, layers(94, 127), 1.5, 'Good', 'D'],
      ['Q3_K_M', 181.9, 178.1, 11.8, layers(120, 127), 3.2, 'Fair', 'D'],
      ['Q2_K', 139.1, 145.8, 0.7, allGpu, 5.3, 'Low', 'C'],
    ],
  },
  'an M3 Ultra with 512 GB runs Llama 3.1 405B': {
    machine: macWith({ gibibytes: 512, cap: 384, gbPerSecond: 819 }),
    model: 'llama3.1:405b',
    choice: ['D', 'IQ3_XXS', 131072, 'f16', allGpu, 207.9, 0.9, 3.6],
    rows: [
      ['Q8_0', 401.6, 381.7, 24.4, 'over the GPU cap', 'no', 'Near Perfect', 'F'],
      ['Q4_K_M', 226.4, 229.7, 1.2, allGpu, 2.4, 'Good', 'D'],
      ['Q3_K_M', 181.9, 185.5, 0.9, allGpu, 2.9, 'Fair', 'D'],
      ['Q2_K', 139.1, 142.8, 0.7, allGpu, 3.8, 'Low', 'D'],
    ],
  },
  'an RTX 4090 with 64 GB of RAM runs Qwen2.5 72B': {
    machine: machineWith(cards(1, 'RTX 4090', rtx4090), { gibibytes: 64, dataSheet: DDR5_2 }),
    model: 'qwen2.5:72b',
    choice: ['D', 'Q3_K_L', 8192, 'q8_0', layers(47, 81), 22.4, 16.1, 3.6],
    rows: [
      ['Q5_K_M', 50.7, 22.0, 31.6, layers(33, 81), 2.0, 'Very Good', 'D'],
      ['Q4_K_M', 44.2, 22.2, 24.9, layers(38, 81), 2.5, 'Good', 'D'],
      ['IQ4_XS', 37.0, 22.2, 17.7, layers(45, 81), 3.4, 'Good', 'D'],
      ['Q3_K_M', 35.1, 22.5, 15.5, layers(48, 81), 3.9, 'Fair', 'D'],
      ['Q2_K', 27.8, 22.3, 8.4, layers(59, 81), 6.8, 'Low', 'C'],
      ['IQ2_XXS', 23.7, 22.5, 4.2, layers(69, 81), 8.3, 'Very Low', 'B'],
    ],
  },
  'two RTX 4090 with 64 GB of RAM run Qwen2.5 72B': {
    machine: machineWith(cards(2, 'RTX 4090', rtx4090), { gibibytes: 64, dataSheet: DDR5_2 }),
    model: 'qwen2.5:72b',
    choice: ['A', 'Q4_K_S', 16384, 'q8_0', allGpu, 43.6, 0.7, 19.3],
    rows: [
      ['Q5_K_M', 50.7, 44.5, 9.5, layers(68, 81), 5.2, 'Very Good', 'C'],
      ['Q4_K_M', 44.2, 44.3, 3.1, layers(77, 81), 11.0, 'Good', 'B'],
      ['IQ4_XS', 37.0, 39.6, 0.6, allGpu, 21.2, 'Good', 'A'],
      ['Q3_K_M', 35.1, 37.8, 0.5, allGpu, 22.2, 'Fair', 'A'],
      ['Q2_K', 27.8, 30.6, 0.4, allGpu, 27.5, 'Low', 'A'],
      ['IQ2_XXS', 23.7, 26.6, 0.4, allGpu, 31.7, 'Very Low', 'S'],
    ],
  },
  'an RTX 4060 with 16 GB of RAM runs Llama 3.1 8B': {
    machine: machineWith(cards(1, 'RTX 4060', rtx4060), { gibibytes: 16, dataSheet: 51.2 }),
    model: 'llama3.1:8b',
    choice: ['A', 'Q5_K_M', 16384, 'q8_0', allGpu, 6.4, 0.4, 40.6],
    rows: [
      ['F16', 15.0, 6.1, 10.2, layers(12, 33), 3.6, 'Full', 'D'],
      ['Q8_0', 7.9, 6.5, 2.8, layers(24, 33), 12.0, 'Near Perfect', 'B'],
      ['Q6_K', 6.1, 6.4, 1.0, layers(30, 33), 24.9, 'Excellent', 'A'],
      ['Q5_K_M', 5.3, 6.3, 0.4, allGpu, 40.6, 'Very Good', 'S'],
      ['Q4_K_M', 4.6, 5.6, 0.3, allGpu, 46.7, 'Good', 'S'],
      ['Q3_K_M', 3.7, 4.8, 0.2, allGpu, 56.1, 'Fair', 'S'],
    ],
  },
  'an RTX 3060 with 32 GB of RAM runs Qwen3 30B-A3B': {
    machine: machineWith(cards(1, 'RTX 3060', rtx3060), { gibibytes: 32, dataSheet: 51.2 }),
    model: 'qwen3:30b-a3b',
    choice: ['A2', 'Q6_K', 32768, 'q8_0', experts(33, 48), 9.8, 15.5, 14.4],
    rows: [
      ['Q8_0', 30.2, 10.1, 21.2, experts(35, 48), 10.6, 'Near Perfect', 'B'],
      ['Q6_K', 23.4, 9.9, 14.5, experts(31, 48), 15.1, 'Excellent', 'A'],
      ['Q5_K_M', 20.2, 10.0, 11.4, experts(28, 48), 19.0, 'Very Good', 'A'],
      ['Q4_K_M', 17.3, 10.0, 8.3, experts(24, 48), 24.9, 'Good', 'A'],
      ['Q3_K_M', 13.7, 10.1, 4.7, experts(17, 48), 39.5, 'Fair', 'S'],
    ],
  },
  'an RTX 4090 with 64 GB of RAM runs gpt-oss 120B': {
    machine: machineWith(cards(1, 'RTX 4090', rtx4090), { gibibytes: 64, dataSheet: DDR5_2 }),
    model: 'gpt-oss:120b',
    choice: ['A2', 'MXFP4_MOE', 131072, 'f16', experts(26, 36), 22.4, 41.7, 19.0],
    rows: [['MXFP4_MOE', 59.0, 22.1, 38.5, experts(24, 36), 20.4, 'Full', 'A']],
    context: 32768,
  },
}

function factsFor({ model, machine }: Example) {
  const known = catalogModel(model)
  if (known === undefined) throw new Error(`${model} is not in the catalog`)
  const types: readonly FileType[] = known.nativeType ? [known.nativeType] : ALL
  const offers = types.map((fileType) => ({ name: fileType, fileType, source: 'hugging-face' as const }))
  return { model: catalogFacts(known, offers), machine }
}

/** Rounding, and masks in main memory, which take 0.13 GiB at 131,072 tokens and which the examples leave out. */
const CLOSE_GIB = 0.17

/**
 * The examples leave out the three further copies of masks, of two bytes for each token of a step and each cell,
 * that llama.cpp keeps on every GPU of a pipeline.
 */
function copiesGib({ division, shares }: Placement, contextLength: number): number {
  return division.isPipelined ? (shares.length * 1.2 * 3 * 2 * 512 * contextLength) / GIB : 0
}

describe.each(Object.entries(EXAMPLES))('%s', (_, example) => {
  const facts = factsFor(example)
  test('as worked out by hand', () => {
    const { chosen, pass } = decide(facts)
    const [name, type, context, cache, where, gpu, ram, speed] = example.choice
    const { offer, settings, placement, decode } =
      chosen?.candidate ?? expect.unreachable('nothing was chosen')
    expect([pass, offer.fileType, settings.contextLength, settings.cacheType, placeText(placement)]).toEqual([
      name,
      type,
      context,
      cache,
      where,
    ])
    const onGpus = placement.deviceBytes / GIB - copiesGib(placement, context)
    expect(Math.abs(onGpus - gpu)).toBeLessThan(CLOSE_GIB)
    expect(Math.abs(placement.hostBytes / GIB - ram)).toBeLessThan(CLOSE_GIB)
    expect(Math.abs(decode.tokensPerSecond - speed)).toBeLessThan(0.06)
  })

  test('with every quantization as in the table', () => {
    const plan = decide(facts, { contextLength: example.context ?? 8192, cacheType: 'f16' })
    for (const [type, weights, gpu, ram, where, speed, quality, grade] of example.rows) {
      const row = plan.rows.find(({ candidate }) => candidate.offer.fileType === type)
      const { offer, settings, placement, decode } =
        row?.candidate ?? expect.unreachable(`there is no row ${type}`)
      expect.soft(offer.weightBytes / GIB, type).toBeCloseTo(weights, 1)
      const onGpus = placement.deviceBytes / GIB - copiesGib(placement, settings.contextLength)
      expect.soft(Math.abs(onGpus - gpu), type).toBeLessThan(CLOSE_GIB)
      expect.soft(Math.abs(placement.hostBytes / GIB - ram), type).toBeLessThan(CLOSE_GIB)
      expect.soft([placeText(placement), row?.quality, row?.grade], type).toEqual([where, quality, grade])
      expect.soft(row?.fits, type).toBe(speed !== 'no')
      if (speed !== 'no') expect.soft(Math.abs(decode.tokensPerSecond - speed), type).toBeLessThan(0.06)
    }
  })
})
