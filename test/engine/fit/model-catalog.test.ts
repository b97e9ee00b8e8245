import { describe, expect, test } from 'vitest'
import { CATALOG, catalogModel, smallerSiblings } from '../../../engine/fit/catalog/catalog.ts'
import { latestOf, sizesOf } from '../../../engine/fit/catalog/default-size.ts'
import { libraryOffers } from '../../../engine/fit/catalog/tags.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import { architectureOf, readCatalog } from '../../helpers/catalog.ts'

/** Billions of weights, all and those that a token reads, as the makers state them in model cards and papers. */
test.each<[string, number, number]>([
  ['llama3.2:1b', 1.24, 1.24],
  ['llama3.1:8b', 8.03, 7.5],
  ['llama3.1:70b', 70.6, 69.5],
  ['llama3.1:405b', 405.9, 403.8],
  ['qwen2.5:0.5b', 0.49, 0.49],
  ['qwen2.5:72b', 72.7, 71.5],
  ['qwen3:30b-a3b', 30.5, 3.0],
  ['qwen3:235b-a22b', 235.1, 21.6],
  ['qwen3-next:80b', 79.7, 3.6],
  ['gemma2:9b', 9.24, 9.24],
  ['gemma3:27b', 27.0, 27.0],
  ['mistral:7b', 7.25, 7.11],
  ['mixtral:8x7b', 46.7, 12.7],
  ['gpt-oss:20b', 20.9, 3.6],
  ['gpt-oss:120b', 116.8, 5.1],
  ['phi4:14b', 14.7, 14.1],
  ['deepseek-v3:671b', 671.0, 36.6],
  ['deepseek-r1:671b', 671.0, 36.6],
  ['llama4:scout', 107.8, 16.1],
])('%s has %d billion weights and reads %d billion of them a token', (name, all, active) => {
  const model = catalogModel(name) ?? expect.unreachable(`${name} is unknown`)
  const facts = catalogFacts(model, [])
  expect(facts.parameters / 1e9).toBeCloseTo(all, all < 10 ? 1 : 0)
  expect(Math.abs(facts.activeParameters / 1e9 - active)).toBeLessThan(0.06)
})

test('every model of the catalog can be weighed in every quantization that the library has of it', () => {
  for (const model of CATALOG) {
    const { offers } = catalogFacts(model, libraryOffers(model))
    expect(offers.length, model.name).toBeGreaterThan(0)
    for (const { weightBytes, name } of offers) expect(weightBytes, name).toBeGreaterThan(0)
  }
})

test.each([
  ['llama3.1:8b', 'llama3.1:8b-instruct-q4_K_M'],
  ['qwen3:30b-a3b', 'qwen3:30b-a3b-q8_0'],
  ['gemma3:27b', 'gemma3:27b-it-fp16'],
  ['deepseek-v3:671b', 'deepseek-v3:671b-q4_K_M'],
  ['gpt-oss:20b', 'gpt-oss:20b'],
])('%s is to be had as %s', (name, tag) => {
  const model = catalogModel(name) ?? expect.unreachable(`${name} is unknown`)
  expect(libraryOffers(model).map((offer) => offer.name)).toContain(tag)
  expect(catalogModel(tag.toUpperCase())).toBe(model)
})

test('a name without a size means a model with one size only', () => {
  expect(catalogModel('phi4')?.name).toBe('phi4:14b')
  expect(catalogModel('llama3.1')).toBeUndefined()
  expect(catalogModel('nothing:7b')).toBeUndefined()
})

test('smaller models of a line come with the largest first', () => {
  const model = catalogModel('llama3.1:405b') ?? expect.unreachable('405b is unknown')
  const names = smallerSiblings(model).map(({ name }) => name)
  expect(names.slice(-3)).toEqual(['llama3.1:8b', 'llama3.2:3b', 'llama3.2:1b'])
  expect(names[0]).toContain('70b')
})

const reference = readCatalog()
describe.skipIf(reference === undefined)('the reference list of shapes', () => {
  test('has every model that both know in the same shape', () => {
    let compared = 0
    for (const model of reference?.models ?? []) {
      const own = CATALOG.find(({ name }) => name === model.id)
      if (own === undefined) continue
      const [ours, theirs] = [own.architecture, architectureOf(model)].map(withoutDefaults)
      expect(ours, model.id).toEqual(theirs)
      compared++
    }
    expect(compared).toBeGreaterThanOrEqual(48)
  })
})

/** Shapes without what means nothing: absent, no, none and every layer. */
function withoutDefaults(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, part]) =>
          part !== undefined && part !== false && part !== 0 && !(key === 'step' && part === 1),
      )
      .map(([key, part]) => [key, withoutDefaults(part)]),
  )
}

test('a name without a tag means a size of its own, where the library has it as latest', () => {
  const names = new Set(CATALOG.map(({ name }) => name.slice(0, name.indexOf(':'))))
  const unknown = [...names].filter((name) => latestOf(name) === undefined)
  // Their `latest` is a distillation, a later release, or not known.
  expect(unknown.sort()).toEqual(['deepseek-r1', 'mistral-large', 'qwen3-next'])
  expect(latestOf('llama3.1')?.name).toBe('llama3.1:8b')
  expect(latestOf('constructor')).toBeUndefined()
  expect(sizesOf('llama3').map(({ name }) => name)).toEqual([])
})
