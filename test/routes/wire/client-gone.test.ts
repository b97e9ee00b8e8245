import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { clientGone } from '../../../routes/wire/client-gone.ts'
import { openSocket, postRequest } from '../../helpers/socket.ts'

/** A server whose one route hands its signal over once `mayAsk` has settled, and answers once `mayAnswer` has. */
async function serve(mayAsk: Promise<void>, mayAnswer: Promise<void>) {
  const app = Fastify()
  const seen = { arrived: false, left: false, signal: undefined as AbortSignal | undefined }
  app.post('/', async (_request, reply) => {
    seen.arrived = true
    reply.raw.once('close', () => {
      seen.left = true
    })
    await mayAsk
    seen.signal = clientGone(reply)
    await mayAnswer
    return 'done'
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async () => ({}))
  onTestFinished(() => app.close())
  return { seen, socket: await openSocket(await app.listen({ port: 0, host: '127.0.0.1' })) }
}

function gate(): [Promise<void>, () => void] {
  let open = () => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return [passed, open]
}

test('a client that waits for its answer is not gone, body read or not', async () => {
  const [mayAnswer, answer] = gate()
  const { seen, socket } = await serve(Promise.resolve(), mayAnswer)
  socket.send(postRequest('/', { a: 1 }))
  await expect.poll(() => seen.signal).toBeDefined()
  expect(seen.signal?.aborted).toBe(false)
  answer()
  await socket.until('done')
  socket.hangUp()
  await socket.closed
  expect(seen.signal?.aborted).toBe(false)
})

test('a client that hangs up is gone', async () => {
  const [mayAnswer, answer] = gate()
  const { seen, socket } = await serve(Promise.resolve(), mayAnswer)
  socket.send(postRequest('/', {}))
  await expect.poll(() => seen.signal).toBeDefined()
  socket.hangUp()
  await expect.poll(() => seen.signal?.aborted).toBe(true)
  answer()
})

test('a client that hung up before anybody asked is gone too', async () => {
  const [mayAsk, ask] = gate()
  const { seen, socket } = await serve(mayAsk, Promise.resolve())
  socket.send(postRequest('/', {}))
  await expect.poll(() => seen.arrived).toBe(true)
  socket.hangUp()
  await expect.poll(() => seen.left).toBe(true)
  ask()
  await expect.poll(() => seen.signal?.aborted).toBe(true)
})
