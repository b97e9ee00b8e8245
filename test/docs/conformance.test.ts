import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Numbers that tests carry in front of their names. */
async function tested(dialect: string): Promise<Set<number>> {
  const files = await readdir(join(root, 'test'), { recursive: true })
  const sources = files.filter((file) => file.endsWith('.test.ts'))
  const found = new Set<number>()
  for (const file of sources) {
    const text = await readFile(join(root, 'test', file), 'utf8')
    for (const [, number] of text.matchAll(new RegExp(`['"\`]${dialect} (\\d+):`, 'g'))) {
      found.add(Number(number))
    }
  }
  return found
}

/** Numbers of the table rows under a heading: `| 42 | … |` or `| 99–106 | … |`. */
async function excused(heading: string): Promise<Set<number>> {
  const text = await readFile(join(root, 'docs/conformance.md'), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  // A case that is covered in part has a test.
  const [uncovered = ''] = section.split('Covered in part:')
  const listed = new Set<number>()
  for (const [, from, to = from] of uncovered.matchAll(/^\| (\d+)(?:–(\d+))? \|/gm)) {
    for (let n = Number(from); n <= Number(to); n++) listed.add(n)
  }
  return listed
}

describe.each([
  ['ollama', 'Ollama', 175],
  ['openai', 'OpenAI', 164],
])('%s', (dialect, heading, cases) => {
  test('every conformance case has a test, or a reason in docs/conformance.md why it has none', async () => {
    const known = new Set([...(await tested(dialect)), ...(await excused(heading))])
    const missing = Array.from({ length: cases }, (_, i) => i + 1).filter((n) => !known.has(n))
    expect(missing).toEqual([])
  })

  test('no test and no reason is for a case that does not exist', async () => {
    const strays = [...(await tested(dialect)), ...(await excused(heading))].filter((n) => n < 1 || n > cases)
    expect(strays).toEqual([])
  })
})
