/** Clients that leave, or do not read, while another server answers. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { beginEvents, chunk, event, PATIENT, type Reply } from '../../helpers/openai-server.ts'
import { openSocket } from '../../helpers/socket.ts'
import { far } from './far.ts'
import { user } from './serve.ts'

const ASKED = { model: 'far', messages: [user('hi')] }

/** Says this much and no more, and leaves the connection as it is. */
const begins =
  (text: string): Reply =>
  (response) =>
    void beginEvents(response).write(text)

/** Sends pieces as fast as they are taken. */
const pours =
  (pieces: () => Iterable<string>): Reply =>
  // Whoever leaves ends it.
  (response) =>
    pipeline(Readable.from(pieces()), beginEvents(response)).catch(() => {})

describe('a client that leaves', () => {
  test.each<[string, Reply, string]>([
    ['before the first byte', () => {}, ''],
    ['in the middle of the answer', begins(event(chunk({ content: 'Hel' }))), 'Hel'],
  ])('%s closes the connection to the other server', async (_, reply, seen) => {
    const { url, there } = await far(reply)
    const client = await openSocket(await url())
    client.post('/api/chat', ASKED)
    await expect.poll(() => there.requests.length, PATIENT).toBe(1)
    await client.until(seen)
    expect(await there.connections()).toBe(1)
    client.hangUp()
    await expect.poll(there.connections, PATIENT).toBe(0)
  })

  test('makes room for the next', async () => {
    const { url, chat, there } = await far(() => {}, { settings: { maxQueue: 1 } })
    const client = await openSocket(await url())
    client.post('/api/chat', ASKED)
    await expect.poll(() => there.requests.length, PATIENT).toBe(1)
    const full = await chat(ASKED)
    expect([full.status, full.body]).toEqual([
      503,
      { error: 'server busy, please try again.  maximum pending requests exceeded' },
    ])
    client.hangUp()
    await expect.poll(there.connections, PATIENT).toBe(0)
    const next = await openSocket(await url())
    next.post('/api/chat', ASKED)
    await expect.poll(() => there.requests.length, PATIENT).toBe(2)
  })

  test('a client that does not read holds the other server back', async () => {
    let written = 0
    const { url, there } = await far(
      pours(function* () {
        // Far more than the buffers on the way hold.
        for (; written < 1000; written++) yield event(chunk({ content: 'x'.repeat(60_000) }))
      }),
    )
    const client = await openSocket(await url())
    client.post('/api/chat', ASKED)
    await client.until('xxx')
    client.pause()
    let before = -1
    await expect
      .poll(
        () => {
          const isStill = before === written
          before = written
          return isStill
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true)
    expect(written).toBeLessThan(1000)
    client.hangUp()
    await expect.poll(there.connections, PATIENT).toBe(0)
  })
})
