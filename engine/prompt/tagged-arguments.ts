import type { Tool } from '../types.ts'
import type { ArgumentReader, ReadArguments } from './argument-reader.ts'
import { type BracketScan, bracketScan, JSON_STRINGS } from './bracket-scan.ts'
import { type Choice, choiceOf } from './mark-matcher.ts'
import type { Marks, TaggedArguments, ValueKind } from './tool-format/types.ts'
import { VALUE_KINDS } from './tool-format/types.ts'
import { argumentKinds, typedValue } from './typed-value.ts'
import { type UntilMark, untilMark } from './until-mark.ts'

/**
 * Arguments between tags of their own. Strings end with the tag behind them, whatever they hold; what begins like JSON,
 * and may be by the tool's schema, ends where its brackets are closed. The last of the arguments is known by the
 * ending behind it.
 */
export function taggedReader(syntax: TaggedArguments, tool: Tool, endings: readonly Marks[]): ArgumentReader {
  const variants = variantsOf(syntax)
  const afterKey = sharedStart(variants.map(({ before }) => before))
  const rests = variants.map(({ before }): Marks => [before.slice(afterKey.length)])
  const isVaried = variants.length > 1
  const entries: [string, unknown][] = []

  let step: (text: string) => string | undefined = readNext
  let choice: Choice = choiceOf([[syntax.beforeKey], ...endings])
  let until: UntilMark = untilMark(afterKey.trim())
  let key = ''
  let kinds: readonly ValueKind[] = VALUE_KINDS
  let before = ''
  let done: Omit<ReadArguments, 'rest'> | undefined

  function readNext(text: string): string | undefined {
    const found = choice.take(text)
    if (found === undefined) return undefined
    if (found.which === 0) {
      until = untilMark(afterKey.trim())
      step = readKey
    } else done = { args: found.which < 0 ? undefined : Object.fromEntries(entries), ending: found.which - 1 }
    return found.rest
  }

  function readKey(text: string): string | undefined {
    const found = until.take(text)
    if (found === undefined) return undefined
    key = found.before.trim()
    kinds = argumentKinds(tool, key)
    before = variants[0]?.before ?? ''
    if (isVaried) {
      choice = choiceOf(rests)
      step = readVariant
    } else beginValue()
    return found.rest
  }

  function readVariant(text: string): string | undefined {
    const found = choice.take(text)
    if (found === undefined) return undefined
    const variant = variants[found.which]
    if (variant !== undefined) {
      before = variant.before
      // What the tag says of the kind counts more than the schema.
      kinds = variant.kinds
    }
    beginValue()
    return found.rest
  }

  function beginValue(): void {
    until = untilMark(
      syntax.afterValue.trim(),
      kinds.some((kind) => kind !== 'string') ? openJson() : undefined,
    )
    step = readValue
  }

  function readValue(text: string): string | undefined {
    const found = until.take(text)
    if (found === undefined) return undefined
    const value = withoutFrame(found.before, before, syntax.afterValue)
    entries.push([key, typedValue(value, kinds)])
    choice = choiceOf([[syntax.beforeKey], ...endings])
    step = readNext
    return found.rest
  }

  return {
    take(text) {
      let rest: string | undefined = text
      while (rest !== undefined && rest !== '' && done === undefined) rest = step(rest)
      return done && { ...done, rest: rest ?? '' }
    },
  }
}

interface Variant {
  before: string
  kinds: ValueKind[]
}

function variantsOf({ beforeValue }: TaggedArguments): Variant[] {
  const byText = new Map<string, ValueKind[]>()
  for (const kind of VALUE_KINDS) {
    byText.set(beforeValue[kind], [...(byText.get(beforeValue[kind]) ?? []), kind])
  }
  const variants = [...byText].map(([before, kinds]) => ({ before, kinds }))
  return variants.length === 1
    ? variants.map((variant) => ({ ...variant, kinds: [...VALUE_KINDS] }))
    : variants
}

function sharedStart(texts: readonly string[]): string {
  const [first = '', ...others] = texts
  let length = first.length
  for (const text of others) {
    while (!text.startsWith(first.slice(0, length))) length -= 1
  }
  return first.slice(0, length)
}

/** Whether a value that begins with a bracket is still inside of it. */
function openJson(): (text: string) => boolean {
  let scan: BracketScan | 'none' | undefined
  return (text) => {
    if (scan === undefined && text.trim() !== '')
      scan = /^\s*[[{]/.test(text) ? bracketScan(JSON_STRINGS) : 'none'
    if (scan === undefined || scan === 'none') return false
    for (const char of text) scan.take(char)
    return scan.isOpen()
  }
}

/** The white space that the template itself puts around a value. */
export function withoutFrame(value: string, before: string, after: string): string {
  const lead = /\s*$/.exec(before)?.[0] ?? ''
  const trail = /^\s*/.exec(after)?.[0] ?? ''
  const begun = lead !== '' && value.startsWith(lead) ? value.slice(lead.length) : value
  return trail !== '' && begun.endsWith(trail) ? begun.slice(0, begun.length - trail.length) : begun
}
