/**
 * How a model writes tool calls. An answer with calls is
 *
 *     section.open call separator call … section.close
 *
 * and a call is `call.open NAME call.between ARGUMENTS call.close`. The texts are as the template prints them, white
 * space included; models are less exact about it, and so are the readers.
 */
export interface ToolCallFormat {
  /**
   * What calls begin with, wherever they stand in an answer; each ends with the last one. Empty when nothing tells a
   * call from other text: then an answer is calls or text from its first character on.
   */
  triggers: readonly string[]
  /** May stand before calls that nothing else announces. */
  leadIn?: string
  /** What ends calls; undefined when nothing does. */
  close: string | undefined
  section: { open: Marks; close: Marks }
  call: { open: Marks; between: Marks; close: Marks }
  separator: string
  /** The template can print several calls of one answer. */
  isParallel: boolean
  /** The call is a JSON object, name and arguments are in it. The keys are undefined when the name is the key. */
  object: { nameKey: string | undefined; argumentsKey: string | undefined } | undefined
  arguments: ArgumentSyntax
}

/** Text with places in it that differ from call to call. */
export type Marks = readonly (string | Slot)[]

/** An id of the model's own making, of a fixed length where the template insists on one; or the number of the call. */
export type Slot = { slot: 'id'; length: number | undefined } | { slot: 'index' }

export type ArgumentSyntax = JsonArguments | TaggedArguments | InlineArguments

/** A JSON object; `isText`: as a string that holds JSON. */
export interface JsonArguments {
  type: 'json'
  isText: boolean
}

/** Every argument between marks of its own: `<parameter=KEY>VALUE</parameter>`. Strings are as they are, others JSON. */
export interface TaggedArguments {
  type: 'tagged'
  beforeKey: string
  /** From key to value; it may depend on the kind of the value. */
  beforeValue: Readonly<Record<ValueKind, string>>
  afterValue: string
  separator: string
  /** `True` and `None`, not `true` and `null`. */
  isPython: boolean
}

/** As in a programming language: `(KEY=VALUE, …)` or `{KEY:VALUE,…}`. */
export interface InlineArguments {
  type: 'inline'
  brackets: readonly [open: string, close: string]
  assign: string
  separator: string
  /** What stands on both sides of a string. */
  quote: string
  /** Nothing is escaped in strings. */
  isRaw: boolean
  /** `True` and `None`, not `true` and `null`. */
  isPython: boolean
}

export const VALUE_KINDS = ['string', 'number', 'boolean', 'null', 'array', 'object'] as const
export type ValueKind = (typeof VALUE_KINDS)[number]

export const kindOf = (value: unknown): ValueKind => {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' ? type : 'object'
}
