import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { DOCUMENT, tables, withTables } from '../../bench/can-i-run-it.ts'

test('docs/can-i-run-it.md has the tables that the planner makes (npx tsx bench/can-i-run-it.ts writes them)', async () => {
  const text = await readFile(DOCUMENT, 'utf8')
  expect(text).toBe(withTables(text, await tables()))
}, 180_000)
