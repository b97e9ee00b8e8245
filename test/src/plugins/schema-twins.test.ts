import { expect, test } from 'vitest'
import { withoutTwins } from '../../../src/plugins/schema-twins.ts'

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const object = (more: object) => ({ type: 'object', ...more })

/** A document whose routes speak of `used`. */
const documentOf = (used: readonly string[], schemas: object) => ({
  paths: { '/': { post: used.map(ref) } },
  components: { schemas },
})

test('a schema of requests has one component, without the ending', () => {
  const Sent = object({ required: ['model', 'stream'] })
  const SentInput = object({ required: ['model'] })
  expect(withoutTwins(documentOf(['SentInput'], { SentInput, Sent }))).toEqual(
    documentOf(['Sent'], { Sent: SentInput }),
  )
})

test('a schema of replies has one component, and so has one within it', () => {
  const schemas = (suffix: string, more: object) => ({
    [`Outer${suffix}`]: object({ items: ref(`Inner${suffix}`) }),
    [`Inner${suffix}`]: object(more),
  })
  const output = schemas('', { additionalProperties: false })
  expect(withoutTwins(documentOf(['Outer'], { ...schemas('Input', {}), ...output }))).toEqual(
    documentOf(['Outer'], output),
  )
})

test('a schema that no route speaks of is listed as what is answered', () => {
  const Event = object({ additionalProperties: false })
  expect(withoutTwins(documentOf([], { EventInput: object({}), Event }))).toEqual(documentOf([], { Event }))
})

test('what is sent and answered alike is listed once', () => {
  const schemas = (suffix: string) => ({
    [`A${suffix}`]: object({ items: ref(`B${suffix}`) }),
    [`B${suffix}`]: {},
  })
  expect(withoutTwins(documentOf(['A', 'AInput'], { ...schemas('Input'), ...schemas('') }))).toEqual(
    documentOf(['A', 'A'], schemas('')),
  )
})

test('what is sent and answered otherwise is listed twice, with all that speaks of it', () => {
  const document = documentOf(['A', 'AInput'], {
    A: object({ items: ref('B') }),
    AInput: object({ items: ref('BInput') }),
    B: object({ required: ['b'] }),
    BInput: object({}),
  })
  expect(withoutTwins(document)).toEqual(document)
})

test('a name that only ends like that of a twin is kept', () => {
  const document = documentOf(['UserInput'], { UserInput: object({}) })
  expect(withoutTwins(document)).toEqual(document)
})
