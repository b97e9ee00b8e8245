import { expect, test } from 'vitest'
import { Ollama } from 'ollama'
import { serve, user } from '../routes/ollama/serve.ts'
test('abort', async () => {
  const steps = Array.from({ length: 10_000 }, () => [{ waitMs: 5 }, 'x']).flat()
  const s = await serve({ models: ['msg'], script: { answers: [{ steps }] } })
  const ollama = new Ollama({ host: await s.url() })
  s.app.server.on('connection', (c) => { console.log('conn'); c.on('close', () => console.log('sock close')) })
  s.app.server.on('request', (q, r) => { r.on('close', () => console.log('res close', r.writableFinished, r.destroyed)) })
  const stream = await ollama.chat({ model: 'msg', messages: [user('Hi')], stream: true })
  await expect((async () => { for await (const _ of stream) { console.log('part'); ollama.abort() } })()).rejects.toThrow('aborted')
  await expect.poll(() => s.backend.endings, { timeout: 1000 }).toEqual(['aborted'])
  console.log('ended')
  const t = Date.now()
  await s.app.close()
  console.log('closed', Date.now() - t)
}, 20000)
