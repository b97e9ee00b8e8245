import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsTable } from '../../config/document.ts'
import { Env } from '../../config/env.ts'

test('every setting is described', () => {
  for (const [name, schema] of Object.entries(Env.shape)) {
    expect(schema.description, name).toMatch(/\w{3,}/)
  }
})

test('the table in README.md is the one that the settings make', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, table] = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme) ?? []
  expect(table).toBe(settingsTable())
})
