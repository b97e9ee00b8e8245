import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { accessLogPlugin } from '../../../src/plugins/access-log.ts'
import { testApp } from '../test-app.ts'

const requestLines = (log: object[]) => log.filter((line) => 'msg' in line && line.msg === 'request done')

test('a finished reply is one line in the log, without the query', async () => {
  const log: object[] = []
  const app = await testApp({}, log)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const reply = await fetch(`${url}/api/tags?ts=secret`)
  await vi.waitFor(() => expect(requestLines(log)).toHaveLength(1))
  expect(requestLines(log)[0]).toMatchObject({
    level: 30,
    method: 'GET',
    path: '/api/tags',
    status: 200,
    ms: expect.any(Number),
    clientLeft: false,
    reqId: reply.headers.get('request-id'),
  })
  expect(JSON.stringify(log)).not.toContain('secret')
})

test.each([
  ['/nope', 404],
  ['//v1/nope/', 404],
])('a refused one as well: %s', async (url, status) => {
  const log: object[] = []
  const app = await testApp({}, log)
  await app.inject(url)
  await vi.waitFor(() => expect(requestLines(log)).toMatchObject([{ path: url, status }]))
})

/** A server that never finishes its answer. */
async function stuckServer(log: object[]) {
  const logger = pino({}, { write: (line: string) => log.push(JSON.parse(line)) })
  const app = Fastify({ loggerInstance: logger })
  await app.register(accessLogPlugin)
  app.get('/', (_request, reply) => {
    reply.jobSummary = { model: 'tiny', promptTokens: 3, outputTokens: 1, promptMs: 12.345 }
    reply.hijack()
    reply.raw.writeHead(200).write('first')
  })
  onTestFinished(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app.server.address() as AddressInfo
}

test('a client that left is told apart, and the numbers of its job are kept', async () => {
  const log: object[] = []
  const { port } = await stuckServer(log)
  const request = http.get({ host: '127.0.0.1', port })
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  await once(response, 'data')
  request.destroy()
  await vi.waitFor(() => expect(requestLines(log)).toHaveLength(1))
  expect(requestLines(log)[0]).toMatchObject({
    level: 30,
    clientLeft: true,
    status: 200,
    model: 'tiny',
    promptTokens: 3,
    outputTokens: 1,
    promptMs: 12,
  })
})
