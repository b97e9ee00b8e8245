import { expect, test } from 'vitest'
import { processorText, psCommand, untilText } from '../../../src/commands/ps.ts'
import { testApp } from '../../helpers/app.ts'

const stay = new AbortController().signal
const addressOf = (url: string) => ({ host: '127.0.0.1', port: Number(new URL(url).port) })

test('snug ps lists what the running server has in memory', async () => {
  const { app, url } = await testApp({ models: ['tiny'] })
  const address = addressOf(await url())
  await app.inject({
    method: 'POST',
    url: '/api/generate',
    payload: { model: 'tiny', prompt: 'a', keep_alive: -1, options: { num_ctx: 100 } },
  })
  const [head, row] = (await psCommand(address, stay)).split('\n')
  expect(head).toMatch(/^NAME +ID +SIZE +PROCESSOR +CONTEXT +UNTIL$/)
  expect(row).toMatch(/^tiny:latest +[0-9a-f]{12} +1\.0 MB +100% CPU +100 +Forever$/)
})

test('snug ps says where it looked when no server answers', async () => {
  const { app, url } = await testApp({ models: [] })
  const address = addressOf(await url())
  await app.close()
  await expect(psCommand(address, stay)).rejects.toThrow(
    `no server answers at http://127.0.0.1:${address.port}`,
  )
})

test.each([
  [10, 0, '100% CPU'],
  [10, 10, '100% GPU'],
  [10, 11, 'Unknown'],
  [0, 5, 'Unknown'],
  [1000, 604, '40%/60% CPU/GPU'],
])('a model of %d bytes with %d on GPUs is shown as %s', (size, size_vram, text) => {
  expect(processorText({ size, size_vram })).toBe(text)
})

test.each([
  [-1, 'Stopping...'],
  [Number.NaN, 'Stopping...'],
  [400, '1 second from now'],
  [59_000, '59 seconds from now'],
  [5 * 60_000 - 200, '5 minutes from now'],
  [3_600_000, '1 hour from now'],
  [3 * 86_400_000, '3 days from now'],
  [30 * 365 * 86_400_000, 'Forever'],
])('a model that leaves in %d ms: %s', (ms, text) => {
  expect(untilText(ms)).toBe(text)
})
