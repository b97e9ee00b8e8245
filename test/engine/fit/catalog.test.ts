import { describe, expect, test } from 'vitest'
import { median } from '../../../bench/report.ts'
import { hyperparametersFrom, recipeModelFrom } from '../../../engine/fit/architecture.ts'
import { type CacheLayout, cacheBytes } from '../../../engine/fit/cache.ts'
import { COMPUTE_RESERVE, deviceComputeBytes, hostComputeBytes } from '../../../engine/fit/compute.ts'
import { likelyHeaderBytes } from '../../../engine/fit/file-size.ts'
import { quantizedTensors, type WeightTensor } from '../../../engine/fit/recipe.ts'
import { tensorsOf } from '../../../engine/fit/tensor-list.ts'
import { elementsOf, weightBytes, weightParts } from '../../../engine/fit/weights.ts'
import { FILE_TYPES, type FileType } from '../../../engine/gguf/file-type.ts'
import { QUANTIZATION_TYPES } from '../../../engine/quantization.ts'
import { architectureOf, type CatalogModel, type Published, readCatalog } from '../../helpers/catalog.ts'

const MIB = 2 ** 20
const catalog = readCatalog()
const { models, vectors } = catalog ?? { models: [], vectors: { weights: {}, memory: { rows: [] } } }

function fileTypeNamed(name: string): FileType {
  const type = (Object.keys(FILE_TYPES) as FileType[]).find((other) => other === name)
  if (type === undefined) throw new Error(`${name} is no file type`)
  return type
}

function modelNamed(id: string): CatalogModel {
  const model = models.find((other) => other.id === id)
  if (model === undefined) throw new Error(`${id} is not in the catalog`)
  return model
}

function tensorsIn(model: CatalogModel, type: FileType, hasImportanceMatrix = false, isLegacy = false) {
  const architecture = architectureOf(model, isLegacy)
  const options = { hasImportanceMatrix }
  return quantizedTensors(recipeModelFrom(architecture), tensorsOf(architecture), type, options)
}

describe.skipIf(catalog === undefined)('the catalog', () => {
  test('names every model’s number of weights', () => {
    const counted = models.map((model) => {
      const tensors = tensorsOf(architectureOf(model))
      return [model.id, tensors.reduce((sum, tensor) => sum + elementsOf(tensor), 0)]
    })
    expect(counted).toEqual(models.map(({ id, params }) => [id, params]))
  })

  test('has 1532 weights of models in file types, all of them as computed, to the byte', () => {
    let entries = 0
    for (const [id, weights] of Object.entries(vectors.weights)) {
      const model = modelNamed(id)
      for (const [name, sizes] of Object.entries(weights)) {
        const computed = sizes.map((_, i) => weightBytes(tensorsIn(model, fileTypeNamed(name), i === 1)))
        expect(computed, `${id} ${name}`).toEqual(sizes)
        entries++
      }
    }
    expect(entries).toBe(1532)
  }, 120_000)

  const rows = vectors.memory.rows.map(
    ([id, contextLength, flash, stepTokens, weights, cache, compute, hostWeights, hostCompute]) => {
      const layout: CacheLayout = {
        contextLength,
        sequences: 1,
        isUnified: true,
        stepTokens,
        keyType: 'f16',
        valueType: 'f16',
      }
      return {
        id,
        what: `${id}, ${contextLength} tokens, steps of ${stepTokens}, flash attention ${flash}`,
        settings: { layout, hasFlashAttention: flash === 'on' },
        reserved: { weights, cache, compute, hostWeights, hostCompute },
      }
    },
  )

  test('has 664 caches and host buffers, all of them as computed, to the MiB', () => {
    expect(rows).toHaveLength(664)
    for (const { id, what, settings, reserved } of rows) {
      const model = hyperparametersFrom(architectureOf(modelNamed(id)))
      // The catalog rounds down.
      expect(Math.floor(cacheBytes(model, settings.layout) / MIB), what).toBe(reserved.cache)
      expect(Math.floor(hostComputeBytes(model, settings) / MIB), what).toBe(reserved.hostCompute)
    }
  })

  test('has 664 compute buffers within 20 % of what is computed, and all but one within the reserve', () => {
    const short: string[] = []
    const errors = { on: [] as number[], off: [] as number[] }
    for (const { id, what, settings, reserved } of rows) {
      const model = hyperparametersFrom(architectureOf(modelNamed(id)))
      const computed = deviceComputeBytes(model, settings) / MIB
      const error = Math.abs(computed / reserved.compute - 1)
      expect(error, what).toBeLessThan(0.2)
      errors[settings.hasFlashAttention ? 'on' : 'off'].push(error)
      if (computed * COMPUTE_RESERVE < reserved.compute) short.push(what)
    }
    expect(short).toEqual(['phi3:3.8b, 4096 tokens, steps of 2048, flash attention on'])
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(errors.on)).toBeLessThan(0.015)
    expect(mean(errors.off)).toBeLessThan(0.006)
  })

  test('has every model’s weights where they are computed to be: on the device or the host', () => {
    const oneEach = new Map(rows.map((row) => [row.id, row]))
    for (const { id, what, reserved } of oneEach.values()) {
      const model = modelNamed(id)
      const { lookup, output, layers } = weightParts(loaded(model), model.arch.n_layer)
      const device = layers.reduce((sum, { dense, experts }) => sum + dense + experts, output)
      expect(Math.abs(device / MIB - reserved.weights), what).toBeLessThan(1)
      expect(Math.floor(lookup / MIB), what).toBe(reserved.hostWeights)
    }
  })

  /** Q4_K_M, but for models that were trained in four bits. */
  function loaded(model: CatalogModel): WeightTensor[] {
    if (model.arch.moe?.exp_type === undefined) return tensorsIn(model, 'Q4_K_M')
    return tensorsOf(architectureOf(model)).map((tensor) =>
      tensor.name.endsWith('_exps.weight') ? { ...tensor, type: 'MXFP4' } : tensor,
    )
  }

  /** By how much the computed size is off the published one, as a share of it. */
  function errorOf(
    model: CatalogModel,
    published: Published,
    change = (tensor: WeightTensor) => tensor,
  ): number {
    const { quant, value, unit, source, imatrix, tensorLayout } = published
    const type = fileTypeNamed(quant)
    const byMatrix = imatrix ?? !QUANTIZATION_TYPES.some((other) => other === type)
    const tensors = tensorsIn(model, type, byMatrix, tensorLayout === 'legacy').map(change)
    if (unit === 'bits/weight') return (weightBytes(tensors) * 8) / model.params / value - 1
    const header = source.includes('llama-bench') ? 0 : likelyHeaderBytes(model.arch.n_vocab)
    return (weightBytes(tensors) + header) / (value * UNITS[unit]) - 1
  }
  const UNITS = { GB: 1e9, GiB: 2 ** 30, MB: 1e6, MiB: MIB }
  const published = models.flatMap((model) =>
    model.published
      .filter(({ dynamic, approximate }) => !dynamic && !approximate)
      .map((size) => ({ model, size })),
  )
  const nameOf = ({ model, size }: (typeof published)[number]) =>
    `${model.id} ${size.quant} ${size.value} ${size.unit}`

  test('has published file sizes that are computed with a median error of less than 0.1 %', () => {
    const errors = published.map(({ model, size }) => Math.abs(errorOf(model, size)))
    expect(errors.length).toBeGreaterThan(125)
    expect(median(errors)).toBeLessThan(0.001)
  })

  test('has two published sizes that are off by more than 2 %, of files with an embedding in Q8_0', () => {
    const off = published.filter(({ model, size }) => Math.abs(errorOf(model, size)) > 0.02)
    expect(off.map(nameOf)).toEqual(['qwen2.5:3b Q5_K_M 2.14 GiB', 'gemma3:4b Q4_0 2.35 GiB'])
    for (const { model, size } of off) {
      const larger = (tensor: WeightTensor) =>
        tensor.name === 'token_embd.weight' ? { ...tensor, type: 'Q8_0' } : tensor
      expect(Math.abs(errorOf(model, size, larger))).toBeLessThan(0.003)
    }
  })
})
