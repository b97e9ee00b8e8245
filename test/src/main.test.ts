import { once } from 'node:events'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { SNUG_VERSION } from '../../src/version.ts'
import { ENDLESS, endlessServer, isAlive, readLines, runnersOf } from './endless.ts'
import { run, server, snug } from './spawned.ts'

test('snug help explains itself', async () => {
  const { ended, stdout } = snug(['help'])
  expect(await ended).toBe(0)
  expect(stdout()).toMatch(/^Usage: snug <command>/)
})

test('snug help settings lists the environment variables', async () => {
  const { ended, stdout } = snug(['help', 'settings'])
  expect(await ended).toBe(0)
  expect(stdout()).toContain('OLLAMA_HOST (127.0.0.1:11434)')
})

test('snug --version prints the version', async () => {
  const { ended, stdout } = snug(['--version'])
  expect(await ended).toBe(0)
  expect(stdout()).toBe(`snug ${SNUG_VERSION}\n`)
})

test('an unknown command is a mistake with status 2', async () => {
  const { ended, stderr } = snug(['server'])
  expect(await ended).toBe(2)
  expect(stderr()).toBe('snug: unknown command "server". Try: snug help\n')
})

test('a bad configuration is refused with status 1 and everything that is wrong', async () => {
  const { ended, stderr, stdout } = snug(['serve'], {
    OLLAMA_ORIGINS: 'example.com',
    SNUG_THREADS: 'many',
    SNUG_TREADS: '4',
  })
  expect(await ended).toBe(1)
  for (const name of ['OLLAMA_ORIGINS', 'SNUG_THREADS', 'SNUG_TREADS']) {
    expect(stderr()).toContain(`at ${name}`)
  }
  expect(stdout()).toBe('')
})

test('a server says in one line of its log what models run on', async () => {
  const { stderr } = await server({ SNUG_LOG_FORMAT: 'json', CUDA_VISIBLE_DEVICES: '' })
  const line = await vi.waitFor(() => {
    const lines = stderr().trim().split('\n')
    const found = lines.map((text) => JSON.parse(text)).filter(({ msg }) => /^models run on/.test(msg))
    expect(found).toHaveLength(1)
    return found[0]
  }, 20_000)
  expect(line.processor).toEqual(expect.any(String))
  expect(line.notes).toEqual(expect.any(Array))
  // Either a GPU or the reason for none.
  expect(line.gpus.length > 0).toBe(line.reason === undefined)
})

test('a busy port is one sentence that names it and the way out', async () => {
  const other = net.createServer()
  onTestFinished(() => void other.close())
  await once(other.listen(0, '127.0.0.1'), 'listening')
  const { port } = other.address() as net.AddressInfo
  const { ended, stderr, stdout } = snug(['serve'], { OLLAMA_HOST: `127.0.0.1:${port}` })
  expect(await ended).toBe(1)
  expect(stderr()).toContain(`snug: 127.0.0.1:${port} is already in use.`)
  expect(stderr()).toContain('OLLAMA_HOST=')
  expect(stderr()).not.toContain('    at ')
  expect(stdout()).toBe('')
})

test('a models folder that cannot be one is named, with the way out', async () => {
  const { ended, stderr } = snug(['serve'], { OLLAMA_HOST: '127.0.0.1:0', OLLAMA_MODELS: '/dev/null/models' })
  expect(await ended).toBe(1)
  expect(stderr()).toContain('snug: the models folder cannot be used')
  expect(stderr()).toContain('/dev/null/models')
})

test('a server says where it is and what to try, and serves the model that comes with it', async () => {
  const { url, stdout } = await server()
  expect(stdout()).toContain(`Snug ${SNUG_VERSION} is listening on ${url}`)
  expect(stdout()).toContain(`curl ${url}/api/chat`)
  const tags = await fetch(`${url}/api/tags`)
  expect(await tags.json()).toMatchObject({ models: [{ name: 'snug-tiny:latest' }] })
})

test('what the settings could not be read as is in the log', async () => {
  const { stderr } = await server({ OLLAMA_MAX_QUEUE: 'lots', OLLAMA_TYPO: '1' })
  expect(stderr()).toContain('OLLAMA_MAX_QUEUE: \\"lots\\" is not understood, using 512')
  expect(stderr()).toContain('OLLAMA_TYPO: not a setting that this server knows')
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s while an answer streams: the stream ends with a last line, no process stays, status 0',
  async (signal) => {
    const { url, process: child, ended } = await endlessServer()
    const reply = await fetch(`${url}/api/generate`, { method: 'POST', body: JSON.stringify(ENDLESS) })
    const lines = readLines(reply)
    expect((await lines.next()).value).toMatchObject({ done: false })
    const runners = runnersOf(child.pid)
    child.kill(signal)
    let last: object | undefined
    for await (const line of lines) last = line
    expect(last).toEqual({ error: 'server is shutting down' })
    expect(await ended).toBe(0)
    if (process.platform === 'linux') expect(runners).toHaveLength(1)
    expect(runners.filter(isAlive)).toEqual([])
  },
)

test('the health check of the container image tells a server that answers from one that does not', async () => {
  const { url, process: child, ended } = await server()
  const check = () =>
    run([fileURLToPath(new URL('../../docker/healthcheck.mjs', import.meta.url)), url]).ended
  expect(await check()).toBe(0)
  child.kill('SIGTERM')
  await ended
  expect(await check()).toBe(1)
})

test('a request that never arrives in full does not hold up the end', async () => {
  const { url, process: child, ended } = await server({ SNUG_SHUTDOWN_TIMEOUT: '1h' })
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(
    'POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n',
  )
  // "100 Continue": the server has begun to read the body.
  await once(socket, 'data')
  socket.write('{"model":')
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})
