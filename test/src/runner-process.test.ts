/** The server as users run it, and what becomes of it when the process that holds a model does not do well. */
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { tempFolder } from '../helpers/fixtures.ts'
import { ENDLESS, endlessServer, isAlive, readLines, runnersOf } from './endless.ts'
import { server } from './spawned.ts'

const isLinux = process.platform === 'linux'

const post = (url: string, body: object) => fetch(url, { method: 'POST', body: JSON.stringify(body) })

test.runIf(isLinux)(
  'ollama 168: kill -9 of the runner in mid-stream ends the stream with Ollama’s error; the next answer is right; nothing stays',
  async () => {
    const { url, process: child, ended } = await endlessServer()
    const short = { ...ENDLESS, stream: false, options: { temperature: 0, num_predict: 12 } }
    const answer = async () =>
      ((await (await post(`${url}/api/generate`, short)).json()) as { response: string }).response
    const expected = await answer()
    const [runner = 0] = runnersOf(child.pid)

    const lines = readLines(await post(`${url}/api/generate`, ENDLESS))
    await lines.next()
    process.kill(runner, 'SIGKILL')
    let last: object | undefined
    for await (const line of lines) last = line
    expect(last).toEqual({
      error: expect.stringMatching(
        /^model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, check ollama server logs for details/,
      ),
    })

    expect(await answer()).toBe(expected)
    const runners = runnersOf(child.pid)
    expect(runners).toHaveLength(1)
    expect(runners).not.toContain(runner)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect([runner, ...runners].filter(isAlive)).toEqual([])
  },
)

test.runIf(isLinux)(
  'ollama 168: a runner killed between requests is replaced without anybody noticing',
  async () => {
    const { url, process: child } = await endlessServer()
    const short = { ...ENDLESS, stream: false, options: { temperature: 0, num_predict: 5 } }
    const first = (await (await post(`${url}/api/generate`, short)).json()) as { response: string }
    const [runner = 0] = runnersOf(child.pid)
    process.kill(runner, 'SIGKILL')
    await vi.waitFor(() => expect(runnersOf(child.pid)).toEqual([]))
    expect(await (await post(`${url}/api/generate`, short)).json()).toMatchObject({
      response: first.response,
    })
  },
)

test.runIf(isLinux)('when the server itself is killed, its runner leaves too', async () => {
  const { url, process: child, ended } = await endlessServer()
  const lines = readLines(await post(`${url}/api/generate`, ENDLESS))
  await lines.next()
  const runners = runnersOf(child.pid)
  expect(runners).toHaveLength(1)
  child.kill('SIGKILL')
  await ended
  // Whoever adopted it has to collect it too.
  await vi.waitFor(() => expect(runners.filter(isAlive)).toEqual([]), 10_000)
})

test.runIf(isLinux)('with no model loaded the server takes at most 150 MB', async () => {
  const { url, process: child } = await server()
  expect(await (await fetch(`${url}/api/tags`)).json()).toHaveProperty('models')
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
  expect(kilobytes * 1024).toBeGreaterThan(0)
  expect(kilobytes * 1024).toBeLessThanOrEqual(150_000_000)
})

test('two servers that start on one models folder at the same moment both serve it', async () => {
  const folder = await tempFolder()
  const servers = await Promise.all([server({ OLLAMA_MODELS: folder }), server({ OLLAMA_MODELS: folder })])
  const ask = { model: 'snug-tiny', prompt: 'What is the capital of France?', stream: false, think: false }
  for (const { url } of servers) {
    const reply = await post(`${url}/api/generate`, { ...ask, options: { temperature: 0 } })
    expect(await reply.json()).toMatchObject({ response: expect.stringContaining('Paris') })
  }
  const [first, second] = servers
  const gone = await fetch(`${first?.url}/api/delete`, { method: 'DELETE', body: '{"model":"snug-tiny"}' })
  expect(gone.status).toBe(200)
  expect(await (await fetch(`${second?.url}/api/tags`)).json()).toEqual({ models: [] })
  expect((await post(`${second?.url}/api/show`, { model: 'snug-tiny' })).status).toBe(404)
})
