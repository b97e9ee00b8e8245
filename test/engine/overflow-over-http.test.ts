/** What does not fit into the context is left out as the request allows, and never in silence. */
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { tempFolder } from '../helpers/fixtures.ts'
import { openSnugTiny } from '../helpers/snug-tiny.ts'
import { NO_PULLS, NO_REGISTRIES } from '../helpers/store.ts'

/** A listening server with the bundled model, and the lines of its log about finished requests. */
async function loggedServer() {
  const lines: Record<string, unknown>[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const { engine, models } = await openSnugTiny(await tempFolder())
  const app = buildApp(
    { emulatedVersion: '0.33.0' },
    { engine, models, registries: NO_REGISTRIES, pulls: NO_PULLS, logger: pino(sink) },
  )
  onTestFinished(() => app.close())
  onTestFinished(() => engine.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const post = async (path: string, body: object) => {
    const reply = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) })
    await reply.text()
    return reply
  }
  return { post, done: () => lines.filter(({ msg }) => msg === 'request done') }
}

const messages = Array.from({ length: 20 }, (_, i) => [
  { role: 'user', content: `What is ${i} plus 1?` },
  { role: 'assistant', content: `${i} plus 1 is ${i + 1}.` },
]).flat()
const LONG = [...messages, { role: 'user', content: 'What is the capital of France?' }]
const options = { num_ctx: 128, num_predict: 8, temperature: 0 }

test.each([
  ['/api/chat', { model: 'snug-tiny', messages: LONG, options, stream: true }],
  ['/api/chat', { model: 'snug-tiny', messages: LONG, options, stream: false }],
  [
    '/api/generate',
    { model: 'snug-tiny', prompt: 'one two three '.repeat(100), raw: true, options, stream: true },
  ],
])('%s tells in a header how much of the prompt was left out', async (path, body) => {
  const { post, done } = await loggedServer()
  const reply = await post(path, body)
  expect(reply.status).toBe(200)
  const dropped = Number(reply.headers.get('x-snug-dropped-tokens'))
  expect(dropped).toBeGreaterThan(100)
  await expect.poll(done).toMatchObject([{ droppedTokens: dropped }])
})

test('a prompt that fits says nothing of it', async () => {
  const { post, done } = await loggedServer()
  const body = { model: 'snug-tiny', messages: LONG.slice(-1), options, stream: false }
  const reply = await post('/api/chat', body)
  expect(reply.headers.get('x-snug-dropped-tokens')).toBeNull()
  await expect.poll(done).toHaveLength(1)
  expect(done()[0]).not.toHaveProperty('droppedTokens')
  expect(done()[0]).not.toHaveProperty('shiftedTokens')
})

test('what an answer forgets while it grows past the context stands in the log', async () => {
  const { post, done } = await loggedServer()
  const forever = { num_ctx: 64, num_predict: 150, temperature: 1 }
  await post('/api/generate', {
    model: 'snug-tiny',
    prompt: '1 plus 1 is 2. 1 plus 2 is 3. ',
    raw: true,
    options: forever,
    format: { type: 'array', items: { type: 'integer' }, minItems: 100 },
  })
  await expect.poll(done).toMatchObject([{ shiftedTokens: expect.any(Number) }])
  expect(done()[0]?.shiftedTokens).toBeGreaterThan(20)
})
