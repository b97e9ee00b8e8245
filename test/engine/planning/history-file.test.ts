import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type HistoryKey, withSpeed } from '../../../engine/planning/history.ts'
import { openHistory, readHistory } from '../../../engine/planning/history-file.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { recordingLog } from '../../helpers/store.ts'

const KEY: HistoryKey = {
  devices: '2 CPU cores',
  weights: 'sha256-1',
  plan: 'Q8_0 cpu 0/0',
  name: 'm:latest',
}
const add = (measured: number) => (entries: Parameters<typeof withSpeed>[0]) =>
  withSpeed(entries, KEY, { measured, computed: 10 }, 1)

async function opened(text?: string) {
  const folder = await tempFolder()
  const path = join(folder, 'history.json')
  if (text !== undefined) await writeFile(path, text)
  const log = recordingLog()
  return { folder, path, log, history: await openHistory({ path, log }) }
}

test('what was measured is there after a restart', async () => {
  const { folder, path, history, log } = await opened()
  expect(history.entries()).toEqual([])
  history.update(add(12))
  history.update(add(14))
  await history.flush()
  expect(await readHistory(path)).toEqual(history.entries())
  const again = await openHistory({ path, log })
  expect(again.entries()[0]?.speeds.map(({ measured }) => measured)).toEqual([12, 14])
  expect(await readdir(folder)).toEqual(['history.json'])
  expect(log.lines).toEqual([])
})

const entry = { ...KEY, usedAtMs: 1, speeds: [{ measured: 1, computed: 1 }] }
const file = (...entries: unknown[]) => JSON.stringify({ version: 1, entries })
test.each<[string, string]>([
  ['half a file', '{"version":1,"ent'],
  ['no history', '[]'],
  ['another version', JSON.stringify({ version: 2, entries: [] })],
  ['a speed of nothing', file({ ...entry, speeds: [{ measured: 0, computed: 1 }] })],
  ['a speed that is no number', file({ ...entry, speeds: [{ measured: 'fast', computed: 1 }] })],
  ['more answers than are kept', file({ ...entry, speeds: Array(100).fill({ measured: 1, computed: 1 }) })],
  ['more entries than are kept', file(...Array(300).fill(entry))],
  ['endless text', file({ ...entry, name: 'x'.repeat(10_000) })],
  ['a file of megabytes', ' '.repeat(5 * 2 ** 20)],
])('%s is set aside, and a new history begins', async (_, text) => {
  const { folder, path, history, log } = await opened(text)
  expect(history.entries()).toEqual([])
  expect(await readHistory(path)).toEqual([])
  expect(log.lines.map(({ message }) => message)).toEqual(['the history of predictions is damaged'])
  expect(await readFile(`${path}.broken`, 'utf8')).toBe(text)
  history.update(add(12))
  await history.flush()
  expect((await readdir(folder)).toSorted()).toEqual(['history.json', 'history.json.broken'])
  expect(await readHistory(path)).toHaveLength(1)
})

test('a history that cannot be written lives in memory, with one complaint', async () => {
  const folder = await tempFolder()
  // A folder where the file should be.
  const path = join(folder, 'history.json')
  await mkdir(join(path, 'not empty'), { recursive: true })
  const log = recordingLog()
  const history = await openHistory({ path, log })
  for (const speed of [12, 14]) {
    history.update(add(speed))
    await history.flush()
  }
  expect(history.entries()[0]?.speeds).toHaveLength(2)
  expect(log.lines.map(({ message }) => message)).toEqual([
    'the history of predictions cannot be read',
    'the history of predictions cannot be written',
  ])
  expect(await readdir(folder)).toEqual(['history.json'])
})
