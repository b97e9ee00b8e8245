import { describe, expect, test } from 'vitest'
import { type DecisionFacts, planKey, type Wishes } from '../../../engine/fit/candidates.ts'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import { shareBytes } from '../../../engine/fit/placement.ts'
import type { Plan } from '../../../engine/fit/plan.ts'
import { PASSES } from '../../../engine/fit/preference.ts'
import { divergenceOf } from '../../../engine/fit/quality.ts'
import { isWorthReloading } from '../../../engine/fit/replan.ts'
import { reportOf, whyText } from '../../../engine/fit/report.ts'
import type { Machine } from '../../../engine/fit/types.ts'
import type { FileType } from '../../../engine/gguf/file-type.ts'
import { CARDS, cards, GIB, machineWith, macWith } from '../../helpers/machines.ts'
import { randomFrom } from '../../helpers/random-plans.ts'

const TYPES: FileType[] = ['F16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'IQ4_XS', 'Q3_K_M', 'Q2_K', 'IQ2_XXS']

function modelNamed(name: string, types: readonly FileType[] = TYPES) {
  const model = catalogModel(name) ?? expect.unreachable(`${name} is unknown`)
  return catalogFacts(
    model,
    (model.nativeType ? [model.nativeType] : types).map((fileType) => ({
      name: `${name}-${fileType}`,
      fileType,
      source: 'library' as const,
    })),
  )
}

const small = machineWith(cards(1, 'RTX 4060', CARDS.rtx4060), { gibibytes: 16, dataSheet: 51.2 })
const eightB = { model: modelNamed('llama3.1:8b'), machine: small }

const chosenOf = (plan: Plan) => plan.chosen?.candidate ?? expect.unreachable('nothing was chosen')
const codes = (plan: Plan) => plan.reasons.map(({ code }) => code)

describe('a wish is kept to', () => {
  test('a quantization, and the plan says what it costs', () => {
    const plan = decide(eightB, { offer: 'q8_0' })
    expect(chosenOf(plan).offer.fileType).toBe('Q8_0')
    expect(plan.withoutPins.map(({ pin, chosen }) => [pin, chosen.candidate.offer.fileType])).toEqual([
      ['offer', 'Q5_K_M'],
    ])
    expect(whyText(plan)).toContain('Without offer q8_0 it would be Q5_K_M with 16384 tokens of q8_0 cache')
  })

  test('a context, even beyond what the model was trained for', () => {
    const plan = decide({ ...eightB, model: modelNamed('gemma2:2b') }, { contextLength: 12000 })
    expect(chosenOf(plan).settings.contextLength).toBe(12000)
    expect(codes(plan)).toContain('context-beyond-training')
  })

  test('a cache type that nobody would choose', () => {
    expect(chosenOf(decide(eightB, { cacheType: 'q4_0' })).settings.cacheType).toBe('q4_0')
  })

  test('but no cache type whose blocks would span two heads, and the plan says so', () => {
    const { model } = eightB
    const odd = { ...model, hyperparameters: { ...model.hyperparameters, headLengths: [80] } }
    const plan = decide({ ...eightB, model: odd }, { cacheType: 'q8_0' })
    expect(chosenOf(plan).settings.cacheType).toBe('f16')
    expect(plan.rows.map(({ candidate }) => candidate.settings.cacheType)).not.toContain('q8_0')
    expect(codes(plan)).toContain('cache-type-unfit')
    expect(chosenOf(decide(eightB, {})).settings.cacheType).toBe('q8_0')
    expect(chosenOf(decide({ ...eightB, model: odd }, {})).settings.cacheType).toBe('f16')
  })

  test('a number of layers on the GPU', () => {
    const { placement } = chosenOf(decide(eightB, { gpuLayers: 10 }))
    expect(placement.gpuLayers).toBe(10)
    expect(
      placement.shares.map(({ firstLayer, layers, hasOutput }) => [firstLayer, layers, hasOutput]),
    ).toEqual([[23, 9, true]])
  })

  test('no GPU at all', () => {
    const { placement } = chosenOf(decide(eightB, { gpuLayers: 0 }))
    expect([placement.mode, placement.deviceBytes]).toEqual(['cpu', 0])
  })

  test('all layers on a GPU that is too small: it does not fit, and what would is named', () => {
    const plan = decide(eightB, { gpuLayers: 999, offer: 'F16' })
    expect([plan.verdict, plan.chosen?.grade, plan.alternative?.candidate.offer.fileType]).toEqual([
      'does-not-fit',
      'F',
      'Q5_K_M',
    ])
    expect(plan.reasons[0]).toMatchObject({ code: 'does-not-fit' })
    expect(plan.reasons[0]?.sentence).toContain('GPU memory are missing')
  })

  test('one of several GPUs', () => {
    const machine = machineWith(cards(2, 'RTX 4090', CARDS.rtx4090), { gibibytes: 64, dataSheet: 89.6 })
    const { placement } = chosenOf(decide({ model: modelNamed('qwen2.5:72b'), machine }, { mainGpu: 1 }))
    expect(placement.shares.map(({ device }) => device.id)).toEqual(['CUDA1'])
  })

  test('a quantization that nobody has', () => {
    const plan = decide(eightB, { offer: 'Q1_0' })
    expect([plan.verdict, plan.chosen]).toEqual(['does-not-fit', undefined])
    expect(plan.reasons[0]?.sentence).toMatch(/^llama3\.1:8b is not to be had as Q1_0: there is Q8_0/)
  })
})

test('files without quantization are for those who ask', () => {
  const machine = machineWith(cards(1, 'H200', CARDS.h200), { gibibytes: 512, dataSheet: 460.8 })
  expect(chosenOf(decide({ ...eightB, machine })).offer.fileType).toBe('Q8_0')
  expect(chosenOf(decide({ ...eightB, machine }, { offer: 'F16' })).offer.fileType).toBe('F16')
})

test('a small model is not squeezed below four bits to fit: a smaller one is named', () => {
  const machine = machineWith([], { gibibytes: 8, dataSheet: 20 })
  const siblings = [modelNamed('qwen2.5:3b'), modelNamed('qwen2.5:0.5b')]
  const plan = decide({ model: modelNamed('qwen2.5:7b', ['Q2_K', 'IQ2_XXS']), machine, siblings })
  expect([plan.verdict, plan.reasons[0]?.code]).toEqual(['does-not-fit', 'below-floor'])
  expect(plan.sibling?.name).toBe('qwen2.5:3b')
})

test('a giant that only crawls names the sibling that runs well', () => {
  const machine = macWith({ gibibytes: 512, cap: 384, gbPerSecond: 819 })
  const plan = decide({ model: modelNamed('llama3.1:405b'), machine, siblings: [modelNamed('llama3.3:70b')] })
  expect(plan.sibling?.name).toBe('llama3.3:70b')
  expect(whyText(plan)).toContain('llama3.3:70b runs well here: ')
})

test('a Mac whose GPU may use too little is told how to let it use more', () => {
  const machine = macWith({ gibibytes: 192, cap: 144, gbPerSecond: 800 })
  const plan = decide({ model: modelNamed('deepseek-v3:671b', ['IQ2_XXS']), machine })
  expect([plan.verdict, codes(plan)]).toEqual(['does-not-fit', ['does-not-fit', 'gpu-cap']])
  const bytes = plan.reasons[1]?.numbers.bytes ?? 0
  expect(bytes / GIB).toBeGreaterThan(162.6)
  expect(bytes / GIB).toBeLessThan(184)
})

test('weights are read from disk for every token only on request', () => {
  const machine = machineWith(cards(1, 'RTX 4090', CARDS.rtx4090), { gibibytes: 128, dataSheet: 89.6 })
  const facts = { model: modelNamed('deepseek-v3:671b', ['Q4_K_M']), machine }
  expect(decide(facts).verdict).toBe('does-not-fit')
  const plan = decide(facts, { allowsDisk: true })
  const { placement, decode } = chosenOf(plan)
  expect([plan.verdict, plan.pass, plan.mapsWeights]).toEqual(['fits', 'G', true])
  expect(placement.diskBytes / GIB).toBeGreaterThan(240)
  expect(decode.tokensPerSecond).toBeLessThan(1)
  expect(codes(plan)).toContain('disk')
  expect(['D', 'E']).toContain(plan.chosen?.grade)
})

test('a cache in blocks takes flash attention', () => {
  const plan = decide(eightB, { hasFlashAttention: false })
  expect(chosenOf(plan).settings.cacheType).toBe('f16')
})

test('more sequences take more cache', () => {
  const one = chosenOf(decide(eightB, { contextLength: 8192, cacheType: 'f16', offer: 'Q4_K_M' }))
  const four = chosenOf(
    decide(eightB, { contextLength: 8192, cacheType: 'f16', offer: 'Q4_K_M', sequences: 4 }),
  )
  expect(four.placement.gpuLayers).toBeLessThan(one.placement.gpuLayers)
})

test('what was measured replaces the estimate, and says so', () => {
  const estimate = chosenOf(decide(eightB))
  const facts: DecisionFacts = { ...eightB, measurements: new Map([[planKey(estimate), 1.25]]) }
  const { decode } = chosenOf(decide(facts))
  expect(decode.tokensPerSecond).toBeCloseTo(estimate.decode.tokensPerSecond * 1.25)
  expect([estimate.decode.confidence, decode.confidence]).toEqual(['class', 'measured'])
})

test('a running plan stays until another is better by a label or a grade', () => {
  const plan = decide(eightB, { contextLength: 8192, cacheType: 'f16' })
  const row = (type: string) =>
    plan.rows.find(({ candidate }) => candidate.offer.fileType === type) ?? expect.unreachable(type)
  expect(isWorthReloading(row('Q4_K_M'), row('Q5_K_M'))).toBe(true)
  expect(isWorthReloading(row('Q4_K_M'), row('IQ4_XS'))).toBe(false)
  expect(isWorthReloading(row('Q5_K_M'), row('Q3_K_M'))).toBe(false)
})

describe('on random machines', () => {
  const models = ['llama3.1:8b', 'qwen3:30b-a3b', 'gemma3:27b', 'qwen2.5:72b', 'gpt-oss:120b'].map((name) =>
    modelNamed(name),
  )
  const cases = Array.from({ length: 40 }, (_, seed) => {
    const random = randomFrom(seed + 1)
    const model = models[seed % models.length] ?? expect.unreachable('no model')
    const card = { ...CARDS.rtx3090, mebibytes: Math.round(random(8000, 48000)) }
    const machine = machineWith(cards(Math.floor(random(0, 4)), 'random', card), {
      gibibytes: Math.round(random(8, 200)),
      dataSheet: random(30, 300),
    })
    return { model, machine, random }
  })

  test('no budget is ever exceeded', () => {
    for (const { model, machine, random } of cases) {
      const wishes: Wishes = random(0, 1) < 0.5 ? {} : { contextLength: Math.round(random(2048, 60000)) }
      const plan = decide({ model, machine }, wishes)
      const shown = plan.chosen === undefined ? plan.rows : [...plan.rows, plan.chosen]
      for (const { placement } of shown.filter((row) => row.fits).map(({ candidate }) => candidate)) {
        for (const share of placement.shares) expect(shareBytes(share)).toBeLessThanOrEqual(share.budgetBytes)
        expect(placement.hostBytes).toBeLessThanOrEqual(placement.host.budgetBytes)
      }
    }
  })

  test('more memory never makes a plan worse', () => {
    for (const { model, machine } of cases) {
      const before = decide({ model, machine })
      for (const more of [withMoreRam(machine), withLargerCards(machine)]) {
        expect(isNotWorse(decide({ model, machine: more }), before), `${model.name}`).toBe(true)
      }
    }
  })

  const withMoreRam = (machine: Machine): Machine => ({
    ...machine,
    ram: {
      ...machine.ram,
      totalBytes: machine.ram.totalBytes * 1.5,
      availableBytes: machine.ram.availableBytes * 1.5,
    },
  })
  const withLargerCards = (machine: Machine): Machine => ({
    ...machine,
    devices: machine.devices.map((device) => ({
      ...device,
      totalBytes: device.totalBytes * 1.3,
      freeBytes: device.freeBytes * 1.3,
    })),
  })

  /** Compares as the decision does: pass, quality, context, cache, speed. */
  function isNotWorse(after: Plan, before: Plan): boolean {
    if (before.verdict === 'does-not-fit') return true
    const order = (plan: Plan) => {
      const { offer, settings, decode } = chosenOf(plan)
      return [
        plan.verdict === 'fits' ? PASSES.findIndex(({ name }) => name === plan.pass) : PASSES.length,
        divergenceOf(offer),
        -Math.min(settings.contextLength, 32768),
        Number(settings.cacheType !== 'f16'),
        -settings.contextLength,
        -decode.tokensPerSecond,
      ]
    }
    const [a, b] = [order(after), order(before)]
    const differing = a.findIndex((value, i) => Math.abs(value - (b[i] ?? 0)) > 1e-9)
    return differing < 0 || (a[differing] ?? 0) < (b[differing] ?? 0)
  }
})

describe('the report', () => {
  const machine = machineWith(cards(1, 'RTX 3060', CARDS.rtx3060), { gibibytes: 32, dataSheet: 51.2 })
  const plan = decide({ model: modelNamed('qwen3:30b-a3b'), machine })
  const report = reportOf(plan)

  test('shows total beside active parameters', () => {
    expect(report.parameters).toBe('30.5B parameters, 3.0B active for each token')
  })

  test('has a row for every quantization, the best first, with one chosen', () => {
    expect(report.rows.map(({ quantization }) => quantization)).toEqual(TYPES)
    expect(report.rows.filter(({ isChosen }) => isChosen).map(({ quantization }) => quantization)).toEqual([
      'Q6_K',
    ])
  })

  test('says what lacks where it does not fit', () => {
    expect(report.rows[0]).toMatchObject({ quantization: 'F16', speed: '–', grade: 'F' })
    expect(report.rows[0]?.verdict).toMatch(/^lacks \d+\.\d GiB$/)
  })

  test('shows the chosen plan with how sure its speed is', () => {
    expect(report.chosen).toEqual({
      name: 'qwen3:30b-a3b-Q6_K',
      quantization: 'Q6_K',
      weights: '~23.4 GiB',
      gpu: '9.8 GiB',
      ram: '15.5 GiB',
      where: 'experts of 33 of 48 layers in RAM',
      context: '32768 q8_0',
      speed: '14.4 -0/+30 %',
      quality: 'Excellent',
      grade: 'B',
      verdict: 'fits',
      isChosen: true,
    })
  })

  test('explains itself', () => {
    const why = whyText(plan)
    expect(why).toContain('a token reads')
    expect(why).toContain('The cache is q8_0')
    expect(why).toContain('Q8_0 (Near Perfect) would be better but')
    expect(why).toContain('CUDA0 RTX 3060: layers 0–47 and output')
  })
})
