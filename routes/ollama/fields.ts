import { z } from 'zod'
import { maybe } from '../wire/maybe.ts'

/*
 * Fields as Go reads them: what is absent or null has the zero value of its type. The error text of each
 * schema is Go's name for that type; body.ts puts the sentence around it.
 */

export const text = () =>
  z
    .string('string')
    .nullish()
    .transform((v) => v ?? '')

export const flag = (byDefault = false) =>
  z
    .boolean('bool')
    .nullish()
    .transform((v) => v ?? byDefault)

export const integer = () => maybe(z.int('int'))

/** JSON objects with keys of the client's choice. */
export const bag = () => maybe(z.record(z.string(), z.unknown(), 'map[string]interface {}'))

/** A list; null items are as good as absent. `goType` is the list's type. */
export const list = <T extends z.ZodType>(item: T, goType: string) =>
  z
    .array(item.nullable(), goType)
    .nullish()
    .transform((items) => (items ?? []).filter((one): one is NonNullable<typeof one> => one !== null))

/** A transform by a reader that throws SyntaxError; that error's message is the whole answer to the client. */
export const orIssue =
  <I, O>(reader: (value: I) => O) =>
  (value: I, context: z.RefinementCtx): O => {
    try {
      return reader(value)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  }

/** A field whose value has several shapes; see orIssue for the reader. */
export const readBy = <T>(reader: (value: unknown) => T) =>
  z
    .unknown()
    .optional()
    .transform(orIssue((value) => (value === undefined || value === null ? undefined : reader(value))))
