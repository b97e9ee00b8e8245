/** The name that most templates read old thoughts by. */
const USUAL = 'reasoning_content'

/** A field, or the key of one, with a name for thoughts: `.reasoning`, `['thinking']`, `get("reasoning_content")`. */
const READS = /(?:\.|['"])((?:reasoning|thinking|thoughts?)(?:_(?:content|text))?)\b/g

/**
 * The names by which a Jinja template may read what a model thought before an answer: one family's templates know
 * only `reasoning`, another's only `thinking`. Names that are not in it are left out, for templates that print
 * messages whole.
 */
export function thoughtKeys(template: string): string[] {
  const read = [...template.matchAll(READS)].flatMap(([, name]) => name ?? [])
  return [...new Set([USUAL, ...read])]
}
