import { createHash } from 'node:crypto'
import { readGbnf } from './gbnf-read.ts'
import { checkReadings } from './gbnf-readings.ts'
import { checkRecursion } from './gbnf-recursion.ts'

/** Bytes of a grammar a client may send. */
export const MAX_GRAMMAR_BYTES = 256 * 1024

/** Grammars found good lately: checking a large one takes longer than using it. */
const MAX_REMEMBERED = 200
const remembered = new Set<string>()

/**
 * Throws GbnfError for a grammar that llama.cpp would refuse, or that would take too much of its time or memory. The
 * message goes on behind "the grammar". Takes a second at most.
 */
export function checkGbnf(source: string): void {
  const digest = createHash('sha256').update(source).digest('base64')
  if (remembered.has(digest)) return
  const { program, sets } = readGbnf(source)
  checkRecursion(program)
  checkReadings(program, sets)
  const [oldest] = remembered
  if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
  remembered.add(digest)
}
